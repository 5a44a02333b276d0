/** A text as one word of the shell. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** The end mark of a here-document: no line of the text itself. */
function endMark(text: string): string {
  const lines = new Set(text.split('\n'))
  let mark = 'END'
  while (lines.has(mark)) mark += '_'
  return mark
}

/** A command that writes exactly this text, which ends with a line, to a file. */
export function writeFileCommand(path: string, text: string): string {
  const mark = endMark(text)
  return `cat >${shellWord(path)} <<'${mark}'\n${text}${text.endsWith('\n') ? '' : '\n'}${mark}\n`
}
