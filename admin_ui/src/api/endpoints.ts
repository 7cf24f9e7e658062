// The routes under /ui, typed.
import { call, callForFile, withoutNulls } from './client'
import type {
  Bootstrap,
  DeletedRecord,
  ExportFormat,
  FieldChange,
  Language,
  ListAnswer,
  ListRequest,
  ListView,
  LookupRecord,
  ObjectDescribe,
  RecordAnswer,
  SearchGroup,
  Values,
  Written,
} from './types'

const object = (name: string) => `/ui/objects/${encodeURIComponent(name)}`
const record = (id: string) => `/ui/records/${encodeURIComponent(id)}`

const endSession = () => call<{ redirect?: string } | undefined>('DELETE', '/ui/session')

/** Sign out here, and go on to the identity provider where it signs people out too. */
export const signOut = () =>
  endSession().then(
    (answer) => window.location.assign(answer?.redirect ?? '/'),
    () => window.location.assign('/'),
  )
export const bootstrap = () => call<Bootstrap>('GET', '/ui/bootstrap')
export const setLanguage = (language: Language) => call<void>('PATCH', '/ui/me', { body: { language } })

export const describe = (name: string) => call<ObjectDescribe>('GET', object(name))

export type ListViewDraft = Pick<ListView, 'label' | 'columns' | 'filters' | 'logic' | 'order_by' | 'owner'>
export const saveListView = (name: string, view: string, draft: ListViewDraft) =>
  call<void>('PUT', `${object(name)}/list_views/${encodeURIComponent(view)}`, { body: withoutNulls(draft) })
export const deleteListView = (name: string, view: string) =>
  call<void>('DELETE', `${object(name)}/list_views/${encodeURIComponent(view)}`)

export const list = (name: string, request: ListRequest, signal?: AbortSignal) =>
  call<ListAnswer>('POST', `${object(name)}/list`, { body: request, signal })
export const count = (name: string, request: ListRequest) =>
  call<{ count: number }>('POST', `${object(name)}/count`, { body: request })
export const exportFile = (
  name: string,
  request: ListRequest,
  format: ExportFormat,
  signal: AbortSignal,
  onReceived: (bytes: number) => void,
) => callForFile('POST', `${object(name)}/export`, { query: { format }, body: request, signal }, onReceived)

export const read = (id: string) => call<RecordAnswer>('GET', record(id))
export const create = (name: string, values: Values, allowDuplicates = false) =>
  call<Written>('POST', `${object(name)}/records`, { body: { values }, allowDuplicates })
export const update = (id: string, values: Values, version: number, allowDuplicates = false) =>
  call<Written>('PATCH', record(id), { body: { values }, version, allowDuplicates })
export const remove = (id: string) => call<void>('DELETE', record(id))
export const undelete = (id: string) => call<void>('POST', `${record(id)}/undelete`)

export const related = (id: string, relationship: string, limit: number, after: string | null) =>
  call<ListAnswer>('GET', `${record(id)}/related/${encodeURIComponent(relationship)}`, { query: { limit, after } })
export const history = (id: string) => call<{ changes: FieldChange[] }>('GET', `${record(id)}/history`)
export const recycleBin = (after: string | null) =>
  call<{ records: DeletedRecord[]; next: string | null }>('GET', '/ui/recycle-bin', { query: { after } })

export const search = (q: string, name: string | null, limit: number, signal?: AbortSignal) =>
  call<{ groups: SearchGroup[] }>('POST', '/ui/search', { body: { q, objects: name === null ? [] : [name], limit }, signal })
export const lookup = (names: string[], q: string, signal?: AbortSignal) =>
  call<{ records: LookupRecord[] }>('POST', '/ui/lookup', { body: { q, objects: names, limit: 10 }, signal })
