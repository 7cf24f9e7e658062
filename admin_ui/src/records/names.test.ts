import { describe, expect, it } from 'vitest'
import { formatName, tidyName } from './names'

describe('names', () => {
  it.each([
    ['欧阳', '娜娜', '欧阳娜娜'],
    ['Collins', 'Emma', 'Emma Collins'],
    ['Müller', '', 'Müller'],
    ['', '伟', '伟'],
    ['张', 'Kevin', 'Kevin 张'],
  ])('puts %s and %s together as %s', (last, first, whole) => {
    expect(formatName(last, first)).toBe(whole)
  })

  it('closes up a Chinese name that holds a space and no other', () => {
    expect(tidyName('欧阳 娜娜')).toBe('欧阳娜娜')
    expect(tidyName('Emma Collins')).toBe('Emma Collins')
    expect(tidyName('Aurora X5 四驱 版')).toBe('Aurora X5 四驱 版')
  })
})
