// Imports of files: made, uploaded, mapped, checked, written, taken back.
import { ApiError, call, csrfHeader, problemsIn } from './client'

export type Operation = 'insert' | 'update' | 'upsert'
export type Delimiter = 'COMMA' | 'SEMICOLON' | 'TAB' | 'PIPE' | 'CARET' | 'BACKQUOTE'
export type Phase = 'check' | 'write' | 'undo'
export type ImportState =
  | 'Open'
  | 'Checking'
  | 'InProgress'
  | 'JobComplete'
  | 'Aborted'
  | 'Failed'
  | 'Undoing'
  | 'Undone'

/** Where a column goes: a field, or the key of another record ("Account.AccountNumber"); and what its values become. */
export type ColumnTarget = string | { field: string; values?: Record<string, string>; otherwise?: string }

export interface Mapping {
  columns: Record<string, ColumnTarget>
  constants: Record<string, string>
}

interface Count {
  processed: number
  failed: number
}

export interface Import extends Record<Phase, Count> {
  id: string
  object: string
  operation: Operation
  externalIdFieldName: string | null
  columnDelimiter: Delimiter
  mapping: Mapping | null
  state: ImportState
  records: number
  contentBytes: number
  limits: { records: number; contentBytes: number }
  createdDate: string
  systemModstamp: string
  problem: string | null
}

export interface ImportDraft {
  object: string
  operation: Operation
  externalIdFieldName: string | null
  columnDelimiter: Delimiter
}

export interface FileColumn {
  name: string
  /** The field that it probably goes to. */
  suggestion: string | null
  samples: string[]
}

export interface Preview {
  records: number
  problem: string | null
  columns: FileColumn[]
}

export interface RowError {
  line: number
  id: string | null
  error: string
  cells: string[]
}

export interface RowErrors {
  errors: RowError[]
  /** The batch to go on with. */
  next: number | null
}

export interface ImportableObject {
  name: string
  label: string
  createable: boolean
  updateable: boolean
}

const DATA = '/services/data/v66.0'
const ROOT = `${DATA}/chassis/imports`
const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`

export const imports = (after: string | null) =>
  call<{ imports: Import[]; next: string | null }>('GET', ROOT, { query: { after } })
export const readImport = (id: string) => call<Import>('GET', one(id))
export const createImport = ({ externalIdFieldName, ...draft }: ImportDraft) =>
  call<Import>('POST', ROOT, { body: externalIdFieldName === null ? draft : { ...draft, externalIdFieldName } })
export const previewImport = (id: string) => call<Preview>('GET', `${one(id)}/preview`)
export const changeImport = (
  id: string,
  change: { mapping?: Mapping; action?: 'check' | 'start' | 'undo' | 'abort' },
) => call<Import>('PATCH', one(id), { body: change })

/** Removes one that has not begun, or has ended, with all that is kept of it. */
export async function discardImport(id: string, state: ImportState): Promise<void> {
  if (state === 'Open') await changeImport(id, { action: 'abort' })
  await call<void>('DELETE', one(id))
}

export const rowErrors = (id: string, phase: Phase, batch: number) =>
  call<RowErrors>('GET', `${one(id)}/errors`, { query: { phase, batch } })

export const importableObjects = async () => {
  const { sobjects } = await call<{ sobjects: ImportableObject[] }>('GET', `${DATA}/sobjects`)
  return sobjects.filter((each) => each.createable || each.updateable)
}

/** Sends the file, and tells how much of it has gone: a long one takes minutes. */
export function uploadImport(
  id: string,
  content: Blob,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Preview> {
  return new Promise((resolve, reject) => {
    // A fetch would not say how far it is.
    const request = new XMLHttpRequest()
    request.open('PUT', `${one(id)}/content`)
    request.setRequestHeader('Content-Type', 'text/csv; charset=UTF-8')
    request.setRequestHeader('Accept', 'application/json')
    for (const [name, value] of Object.entries(csrfHeader())) request.setRequestHeader(name, value)
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total)
    request.onerror = () => reject(new ApiError(0, [{ message: '', errorCode: 'OFFLINE' }]))
    request.onabort = () => reject(new DOMException('', 'AbortError'))
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as Preview)
      else reject(new ApiError(request.status, problemsIn(request.responseText, request.status)))
    }
    signal.addEventListener('abort', () => request.abort())
    request.send(content)
  })
}
