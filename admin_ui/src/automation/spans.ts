// How long something lasts, in words and in two units at most: "2 days, 3 hours".
import type { Language } from '../api/types'

const UNITS = [
  ['day', 1440],
  ['hour', 60],
  ['minute', 1],
] as const

export function formatSpan(minutes: number, language: Language): string {
  const whole = Math.max(0, Math.floor(minutes))
  const parts: { unit: string; count: number }[] = []
  let rest = whole
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push({ unit, count })
  }
  const shown = parts.length === 0 ? [{ unit: 'minute', count: 0 }] : parts.slice(0, 2)
  const words = shown.map(({ unit, count }) => inWords(count, unit, language))
  return words.join(language === 'zh_CN' ? '' : ' ')
}

function inWords(count: number, unit: string, language: Language): string {
  const locale = language === 'zh_CN' ? 'zh-CN' : 'en-GB'
  const text = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count)
  return language === 'zh_CN' ? text.replace(/\s/g, '') : text
}
