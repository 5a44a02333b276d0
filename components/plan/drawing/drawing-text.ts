/** Width of a letter of the drawing's font at one pixel of size, wide letters included. */
const letterWidth = 0.58

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export const escapeXml = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => entities[sign] ?? sign)

/** A text that takes no more than so many pixels: its end gives way to an ellipsis. */
export const fitText = (text: string, width: number, fontSize: number): string => {
  const lengthMax = Math.max(1, Math.floor(width / (fontSize * letterWidth)))
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`
}

export interface TextOptions {
  readonly class?: string
  readonly size?: number
  readonly anchor?: 'start' | 'middle'
}

/** A line of text; `y` is where its letters stand. */
export const svgText = (
  x: number,
  y: number,
  text: string,
  { class: className, size = 13, anchor = 'start' }: TextOptions = {},
): string => {
  const ofClass = className === undefined ? '' : ` class="${className}"`
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text x="${x}" y="${y}" font-size="${size}"${ofClass}${anchored}>${escapeXml(text)}</text>`
}
