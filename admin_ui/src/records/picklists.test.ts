import { describe, expect, it } from 'vitest'
import type { Values } from '../api/types'
import { changeValue, defaultRecordType, findRecordType, offeredValues, offeredWithCurrent } from './picklists'
import { testObject } from './testObject'

const thing = testObject()
const offered = (field: string, values: Values, type = 'Personal') =>
  offeredValues(thing.fields[field]!, values, findRecordType(thing, type)).map((each) => each.value)

describe('dependent picklists', () => {
  it('offer what the controlling value allows, and what depends on nothing', () => {
    expect(offered('Source', { Channel: 'Retail' })).toEqual(['WalkIn', 'Friend'])
    expect(offered('Source', {})).toEqual(['Friend'])
  })

  it('offer only what the record type has', () => {
    expect(offered('Source', { Channel: 'Online' }, 'Fleet')).toEqual(['Ad'])
    expect(offered('Source', { Channel: 'Retail' }, 'Fleet')).toEqual([])
  })

  it('do not offer inactive values but keep one that the record holds', () => {
    expect(offered('Status', {})).toEqual(['New'])
    expect(offeredWithCurrent(thing.fields.Status!, { Status: 'Old' }, null).map((each) => each.value)).toEqual([
      'New',
      'Old',
    ])
    expect(offeredWithCurrent(thing.fields.Status!, { Status: 'Gone' }, null).map((each) => each.label)).toEqual([
      'New',
      'Gone',
    ])
  })

  it('are emptied, with all that hangs on them, when their controlling value no longer allows them', () => {
    const before = { Channel: 'Online', Source: 'Ad', Detail: 'Search' }
    expect(changeValue(thing, before, 'Channel', 'Retail', null)).toEqual({
      Channel: 'Retail',
      Source: null,
      Detail: null,
    })
  })

  it('keep their value when it is still allowed', () => {
    expect(changeValue(thing, { Channel: 'Online', Source: 'Friend' }, 'Channel', 'Retail', null)).toEqual({
      Channel: 'Retail',
      Source: 'Friend',
    })
  })
})

describe('record types', () => {
  it('are found by name or id, and one is the default', () => {
    expect(findRecordType(thing, '012B')?.name).toBe('Fleet')
    expect(findRecordType(thing, 'Fleet')?.id).toBe('012B')
    expect(findRecordType(thing, null)).toBeNull()
    expect(defaultRecordType(thing)?.name).toBe('Personal')
  })
})
