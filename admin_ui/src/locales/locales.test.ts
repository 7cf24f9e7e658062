import { describe, expect, it } from 'vitest'
import english from './en_US'
import chinese from './zh_CN'

function flat(texts: object, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null
        ? [...flat(value, `${prefix}${key}.`)]
        : [[`${prefix}${key}`, String(value)] as const],
    ),
  )
}

const placeholders = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort()

describe('the texts', () => {
  const [en, zh] = [flat(english), flat(chinese)]

  it('are the same keys in both languages, none empty', () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort())
    expect([...en.values(), ...zh.values()].filter((text) => text.trim() === '')).toEqual([])
  })

  it('fill in the same values in both languages', () => {
    for (const [key, text] of en) expect([key, placeholders(zh.get(key) ?? '')]).toEqual([key, placeholders(text)])
  })

  it('in Chinese use full-width punctuation between Chinese characters', () => {
    const halfWidth = [...zh.values()].filter((text) => /[\u4e00-\u9fff][,;:?!]/.test(text))
    expect(halfWidth).toEqual([])
  })
})
