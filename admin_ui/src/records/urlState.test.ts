import { describe, expect, it } from 'vitest'
import { testObject } from './testObject'
import { isChanged, listRequest, nextOrder, parseFilters, parseListState, writeListState } from './urlState'

const thing = testObject()
const parse = (text: string) => parseListState(new URLSearchParams(text))

describe('the address of a list', () => {
  it('brings the whole state back', () => {
    const state = parse('view=All&sort=-CreatedDate,Name&q=欧阳&owner=mine&display=kanban&path=Stage')
    const filtered = {
      ...state,
      filters: [{ field: 'Status', operator: 'IN' as const, value: ['New', 'A,B'] }],
      logic: '1',
      columns: ['Name'],
    }
    expect(parseListState(writeListState(filtered))).toEqual(filtered)
  })

  it('is empty for the default view', () => {
    expect(writeListState(parse('')).toString()).toBe('')
    expect(isChanged(parse(''))).toBe(false)
  })

  it('means the default view where it says nothing', () => {
    expect(listRequest(thing, parse(''), 50)).toMatchObject({
      columns: ['Name', 'Budget'],
      filters: [{ field: 'Status', operator: '=', value: 'New' }],
      owner: 'mine',
      order_by: [{ field: 'CreatedDate', descending: true }],
      after: null,
    })
  })

  it('overrules the view part by part', () => {
    const request = listRequest(thing, parse('view=Open&owner=everyone&sort=Name&filters=[]'), 50)
    expect(request).toMatchObject({
      columns: ['Name', 'Budget'],
      filters: [],
      owner: 'everyone',
      order_by: [{ field: 'Name', descending: false }],
    })
  })

  it('shows the view without its broken parts when somebody mistyped', () => {
    expect(parseFilters('{"a":1}')).toBeNull()
    expect(parseFilters('[["A"')).toBeNull()
    expect(parse('owner=all&display=cube')).toMatchObject({ owner: null, display: 'table' })
    expect(listRequest(thing, parse('view=NoSuch'), 50).columns).toEqual(['Name', 'Budget'])
  })

  it('falls back on name and compact fields where an object has no view', () => {
    const bare = { ...thing, list_views: [] }
    expect(listRequest(bare, parse(''), 50).columns).toEqual(['Name', 'Status', 'CreatedDate'])
  })

  it('sorts up, down, and then as the view has it', () => {
    const up = nextOrder([], 'Name')
    expect(up).toEqual([{ field: 'Name', descending: false }])
    const down = nextOrder(up ?? [], 'Name')
    expect(down).toEqual([{ field: 'Name', descending: true }])
    expect(nextOrder(down ?? [], 'Name')).toBeNull()
  })
})
