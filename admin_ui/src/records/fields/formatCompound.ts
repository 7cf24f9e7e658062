// An address or a location in one line, in the order in which the language writes it.
import type { FieldDescribe, Language, Values } from '../../api/types'

const HAN = /[\u3400-\u9fff]/

export function formatCompound(
  field: FieldDescribe,
  parts: FieldDescribe[],
  values: Values,
  language: Language,
): string {
  const filled = parts
    .map((part) => values[part.name])
    .filter((value) => value !== null && value !== undefined && value !== '')
  if (filled.length === 0) return ''
  if (field.type === 'geolocation') return filled.join(', ')
  const texts = filled.map(String)
  // Components come from the street outwards; Chinese is written from the country inwards, closed up, the postal code apart.
  if (language !== 'zh_CN' || !texts.some((text) => HAN.test(text))) return texts.join(', ')
  const postal = texts.filter((text) => /^\d{6}$/.test(text))
  const rest = texts.filter((text) => !/^\d{6}$/.test(text)).reverse()
  // Municipalities are province and city at once.
  const places = rest.filter((text, index) => text !== rest[index - 1])
  return [places.join(''), ...postal].join(' ')
}
