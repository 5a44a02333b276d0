/** LanguageCode of the remoting protocol by its byte in the binary header. */
const LANGUAGES = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
] as const

const OTHER = LANGUAGES.indexOf('OTHER')

/** The byte for a language name; one nobody knows counts as OTHER, as in LanguageCode.getCode. */
export function languageByte(name: string): number {
  const index = (LANGUAGES as readonly string[]).indexOf(name)
  return index < 0 ? OTHER : index
}

export function languageName(byte: number): string {
  return LANGUAGES[byte] ?? 'OTHER'
}
