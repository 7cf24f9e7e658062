// A file as the import takes it: comma-separated text in UTF-8. What it is now is found out, and can be said.
import type { Delimiter } from '../api/imports'

export const ENCODINGS = ['utf-8', 'gb18030', 'big5', 'windows-1252', 'utf-16le'] as const
export type Encoding = (typeof ENCODINGS)[number]

export const DELIMITERS: Record<Delimiter, string> = {
  COMMA: ',',
  SEMICOLON: ';',
  TAB: '\t',
  PIPE: '|',
  CARET: '^',
  BACKQUOTE: '`',
}

export const LARGEST_FILE = 150 * 1024 * 1024
const HEAD = 64 * 1024
const SHOWN_LINES = 4

/** A workbook is a ZIP archive, or in its old form an OLE file. */
export function isWorkbook(head: Uint8Array): boolean {
  const [first, second] = head
  return (first === 0x50 && second === 0x4b) || (first === 0xd0 && second === 0xcf)
}

/** Text that is no UTF-8 is most likely in the encoding that office programs of the user's language write. */
export async function encodingOf(file: Blob, language: string): Promise<Encoding> {
  const [first, second] = await headOf(file)
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (await isUtf8(file)) return 'utf-8'
  return language === 'zh_CN' ? 'gb18030' : 'windows-1252'
}

async function isUtf8(file: Blob): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const reader = file.stream().getReader()
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      decoder.decode(piece.value, { stream: true })
    }
    decoder.decode()
    return true
  } catch {
    await reader.cancel()
    return false
  }
}

export const headOf = async (file: Blob) => new Uint8Array(await file.slice(0, HEAD).arrayBuffer())

/** The first lines, to see whether the encoding is right. */
export async function firstLines(file: Blob, encoding: Encoding): Promise<string[]> {
  const text = new TextDecoder(encoding).decode(await headOf(file), { stream: true })
  return text.split(/\r?\n/).slice(0, SHOWN_LINES)
}

/** The delimiter that the heading line has most of, outside of quotes. */
export function delimiterOf(line: string): Delimiter {
  const bare = line.replace(/"[^"]*"/g, '')
  const counted = (Object.keys(DELIMITERS) as Delimiter[]).map(
    (name) => [name, bare.split(DELIMITERS[name]).length] as const,
  )
  return counted.reduce((best, each) => (each[1] > best[1] ? each : best))[0]
}

/** The same text in UTF-8. */
export async function inUtf8(file: Blob, encoding: Encoding): Promise<Blob> {
  if (encoding === 'utf-8') return file
  const text = file.stream().pipeThrough(new TextDecoderStream(encoding) as ReadableWritablePair<string, BufferSource>)
  return new Response(text.pipeThrough(new TextEncoderStream())).blob()
}

/** One line of a file that is handed out, all cells in quotes. */
export function csvLine(cells: (string | number)[], delimiter: Delimiter): string {
  return `${cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(DELIMITERS[delimiter])}\r\n`
}
