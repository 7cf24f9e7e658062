// Names one after the other, as a sentence of the language has them.
import type { Language } from '../api/types'

export function joinNames(names: string[], language: Language): string {
  const locale = language === 'zh_CN' ? 'zh-CN' : 'en-GB'
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(names)
}
