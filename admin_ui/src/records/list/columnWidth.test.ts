import { describe, expect, it } from 'vitest'
import { columnWidth, titleWidth } from './columnWidth'

describe('the width of the column of names', () => {
  it('is as usual for short names', () => {
    expect(titleWidth('text', [])).toBe(columnWidth('text'))
    expect(titleWidth('text', ['Ann Lee', '王芳'])).toBe(columnWidth('text'))
  })

  it('grows with the longest name, and Chinese ones twice as fast', () => {
    const latin = titleWidth('text', ['x', 'y'.repeat(20)])
    const chinese = titleWidth('text', ['中'.repeat(15)])

    expect(latin).toBeGreaterThan(columnWidth('text'))
    expect(chinese).toBeGreaterThan(latin)
  })

  it('leaves room for the others', () => {
    expect(titleWidth('text', ['z'.repeat(255)])).toBe(titleWidth('text', ['z'.repeat(80)]))
  })
})
