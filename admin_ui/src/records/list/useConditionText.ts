// A condition as a sentence: field, comparison, value, in the user's words.
import { useTranslation } from 'react-i18next'
import type { Filter, FieldJson, ObjectDescribe } from '../../api/types'
import { DATE_LITERALS, isDateLiteral, takesNone, toCondition, type DateLiteral } from '../filters'
import { formatValue, type Reader } from '../format'
import { findRecordType } from '../picklists'
import { RECORD_TYPE } from '../systemFields'

export function useConditionText(
  describe: ObjectDescribe,
  reader: Reader,
): (filter: Filter, recordName?: string) => string {
  const { t } = useTranslation()
  return (filter, recordName) => {
    const field = describe.fields[filter.field]
    const condition = toCondition(filter, field?.type ?? 'text')
    const label = field?.label ?? filter.field
    const comparison = t(`filter.comparisons.${condition.comparison}`)
    if (takesNone(condition.comparison)) return `${label} ${comparison}`

    const values = Array.isArray(condition.value) ? condition.value : [condition.value]
    const separator = reader.language === 'zh_CN' ? '、' : ', '
    return `${label} ${comparison} ${values.map(valueText).join(separator)}`

    function valueText(value: FieldJson): string {
      if (value === '$User.Id') return t('filter.me')
      if (isDateLiteral(value) && (field?.type === 'date' || field?.type === 'datetime')) return literalText(value)
      if (field?.name === RECORD_TYPE) return findRecordType(describe, String(value))?.label ?? String(value)
      if (field !== undefined && field.references.length > 0) return recordName || String(value ?? '')
      if (field === undefined) return String(value ?? '')
      if (field.type === 'multi_picklist') return formatValue({ ...field, type: 'picklist' }, value, reader)
      return formatValue(field, value, reader)
    }

    function literalText(value: string): string {
      const known = DATE_LITERALS.find((each): each is DateLiteral => each === value)
      if (known !== undefined && !known.includes(':')) return t(`filter.literals.${known as 'TODAY'}`)
      const [name, days] = value.split(':')
      if (name === 'LAST_N_DAYS') return t('filter.lastDays', { count: Number(days) })
      if (name === 'NEXT_N_DAYS') return t('filter.nextDays', { count: Number(days) })
      return value
    }
  }
}
