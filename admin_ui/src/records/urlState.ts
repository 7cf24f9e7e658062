// A list's whole state in its address: view, filters, sort, columns, search, display. So it can be sent to somebody.
import type { FieldJson, Filter, ListRequest, ListView, ObjectDescribe, Operator, Order, Owner } from '../api/types'
import { OWNER } from './systemFields'

export type Display = 'table' | 'kanban'

/** What differs from the saved view; null means: as the view has it. */
export interface ListState {
  view: string | null
  columns: string[] | null
  filters: Filter[] | null
  logic: string | null
  owner: Owner | null
  order: Order[] | null
  search: string
  display: Display
  path: string | null
}

export function parseListState(search: URLSearchParams): ListState {
  const owner = search.get('owner')
  return {
    view: search.get('view'),
    columns: listOf(search.get('columns')),
    filters: parseFilters(search.get('filters')),
    logic: search.get('logic'),
    owner: owner === 'mine' || owner === 'everyone' ? owner : null,
    order: parseOrder(search.get('sort')),
    search: search.get('q') ?? '',
    display: search.get('display') === 'kanban' ? 'kanban' : 'table',
    path: search.get('path'),
  }
}

export function writeListState(state: ListState): URLSearchParams {
  const search = new URLSearchParams()
  if (state.view) search.set('view', state.view)
  if (state.columns) search.set('columns', state.columns.join(','))
  if (state.filters) search.set('filters', writeFilters(state.filters))
  if (state.logic !== null) search.set('logic', state.logic)
  if (state.owner) search.set('owner', state.owner)
  if (state.order) search.set('sort', writeOrder(state.order))
  if (state.search) search.set('q', state.search)
  if (state.display !== 'table') search.set('display', state.display)
  if (state.path) search.set('path', state.path)
  return search
}

function listOf(text: string | null): string[] | null {
  return text === null ? null : text.split(',').filter((item) => item !== '')
}

export function writeOrder(order: Order[]): string {
  return order.map((each) => (each.descending ? '-' : '') + each.field).join(',')
}

export function parseOrder(text: string | null): Order[] | null {
  return listOf(text)?.map((item) => ({ field: item.replace(/^-/, ''), descending: item.startsWith('-') })) ?? null
}

export function writeFilters(filters: Filter[]): string {
  return JSON.stringify(filters.map((filter) => [filter.field, filter.operator, filter.value]))
}

/** An address that somebody mistyped shows the view without filters rather than an error. */
export function parseFilters(text: string | null): Filter[] | null {
  if (text === null) return null
  try {
    const items: unknown = JSON.parse(text)
    if (!Array.isArray(items)) return null
    return items
      .filter((item): item is [string, Operator, FieldJson | FieldJson[]] => Array.isArray(item) && item.length === 3)
      .map(([field, operator, value]) => ({ field, operator, value }))
  } catch {
    return null
  }
}

export function chosenView(describe: ObjectDescribe, state: ListState): ListView | null {
  return (
    describe.list_views.find((view) => view.name === state.view) ??
    describe.list_views.find((view) => view.default) ??
    describe.list_views[0] ??
    null
  )
}

export function defaultColumns(describe: ObjectDescribe): string[] {
  const wanted = [
    describe.name_field,
    ...describe.compact_fields,
    ...(describe.compact_fields.length > 0 ? [] : ownFields(describe).slice(0, 5)),
    ...(describe.has_owner ? [OWNER] : []),
    'CreatedDate',
  ]
  return [...new Set(wanted)].filter((name) => name in describe.fields)
}

function ownFields(describe: ObjectDescribe): string[] {
  return Object.values(describe.fields)
    .filter((field) => !field.system && field.name !== describe.name_field && field.components.length === 0)
    .map((field) => field.name)
}

/** The request that the address and the saved view together mean. */
export function listRequest(describe: ObjectDescribe, state: ListState, limit: number): ListRequest {
  const view = chosenView(describe, state)
  const columns = state.columns ?? view?.columns ?? defaultColumns(describe)
  return {
    columns: columns.length > 0 ? columns : defaultColumns(describe),
    filters: state.filters ?? view?.filters ?? [],
    logic: (state.filters === null && state.logic === null ? view?.logic : state.logic) || null,
    owner: state.owner ?? view?.owner ?? 'everyone',
    order_by: state.order ?? view?.order_by ?? [],
    search: state.search || null,
    limit,
    after: null,
  }
}

export function isChanged(state: ListState): boolean {
  return [state.columns, state.filters, state.logic, state.owner, state.order].some((part) => part !== null)
}

/** Header clicks: ascending, descending, then as the view has it. */
export function nextOrder(current: Order[], field: string): Order[] | null {
  const [first] = current
  if (first?.field !== field) return [{ field, descending: false }]
  return first.descending ? null : [{ field, descending: true }]
}
