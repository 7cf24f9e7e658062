import { describe, expect, it } from 'vitest'
import { columnTrack } from './columnWidth'

describe('the width of a column', () => {
  it("is its type's as long as nothing was measured", () => {
    expect(columnTrack('checkbox', 0).least).toBeLessThan(columnTrack('long_text', 0).least)
  })

  it('leaves short texts whole', () => {
    const { least, share } = columnTrack('text', 148)

    expect(least).toBe(share)
    expect(least).toBeGreaterThan(148)
  })

  it('lets long texts give way, the longer the more room they had', () => {
    const [long, longer, longest] = [columnTrack('text', 200), columnTrack('text', 260), columnTrack('text', 2_000)]

    expect(long.least).toBeLessThan(200)
    expect(longer.share).toBeGreaterThan(long.share)
    expect(longest).toEqual(columnTrack('text', 1_000))
  })

  it('never vanishes', () => {
    expect(columnTrack('text', 1).least).toBeGreaterThan(50)
  })
})
