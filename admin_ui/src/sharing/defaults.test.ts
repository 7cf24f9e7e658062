import { describe, expect, it } from 'vitest'
import type { SharingDefault } from '../api/sharing'
import { effectOf, withSide } from './defaults'

const object = { internal: 'public_read', external: 'private' } as SharingDefault

describe('an org-wide default', () => {
  it('never shows partners more than the own people: the other side follows', () => {
    expect(withSide(object, 'external', 'public_read_write')).toEqual({
      internal: 'public_read_write',
      external: 'public_read_write',
    })
    expect(withSide({ ...object, external: 'public_read' }, 'internal', 'private')).toEqual({
      internal: 'private',
      external: 'private',
    })
    expect(withSide(object, 'internal', 'public_read_write')).toEqual({
      internal: 'public_read_write',
      external: 'private',
    })
  })

  it('is told as wider or narrower', () => {
    expect(effectOf('private', 'public_read')).toBe('wider')
    expect(effectOf('public_read_write', 'public_read')).toBe('narrower')
    expect(effectOf('private', 'private')).toBe('same')
  })
})
