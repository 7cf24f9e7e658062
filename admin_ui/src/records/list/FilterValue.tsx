// What a condition compares with: values of a picklist, a relative or fixed date, "me", a record, a text.
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import type { FieldDescribe, FieldJson, ObjectDescribe } from '../../api/types'
import { FieldInput } from '../fields/FieldInput'
import { DATE_LITERALS, isDateLiteral, takesMany, type Condition } from '../filters'
import { RecordTypeInput } from '../fields/RecordTypeInput'
import { RECORD_TYPE } from '../systemFields'
import { isUserReference } from '../userReference'

interface FilterValueProps {
  describe: ObjectDescribe
  field: FieldDescribe
  condition: Condition
  onChange: (value: FieldJson | FieldJson[]) => void
}

const FIXED = 'fixed'

export function FilterValue({ describe, field, condition, onChange }: FilterValueProps) {
  const { t } = useTranslation()
  const { value } = condition
  const ariaLabel = t('filter.value')

  if (takesMany(condition.comparison)) {
    const isFree = field.values.length === 0
    return (
      <Select
        mode={isFree ? 'tags' : 'multiple'}
        className="fill"
        aria-label={ariaLabel}
        virtual={false}
        value={Array.isArray(value) ? value.map(String) : value === null ? [] : [String(value)]}
        showSearch={{ optionFilterProp: 'label' }}
        options={field.values.map((each) => ({ value: each.value, label: each.label }))}
        onChange={(chosen: string[]) => onChange(chosen)}
      />
    )
  }

  if (field.type === 'checkbox') {
    return (
      <Select
        className="fill"
        aria-label={ariaLabel}
        value={value === true || value === 'true'}
        options={[
          { value: true, label: t('value.yes') },
          { value: false, label: t('value.no') },
        ]}
        onChange={(chosen: boolean) => onChange(chosen)}
      />
    )
  }

  if (field.type === 'date' || field.type === 'datetime') {
    const literal = isDateLiteral(value) ? value : null
    return (
      <>
        <Select
          className="fill"
          aria-label={ariaLabel}
          value={literal ?? FIXED}
          options={[
            { value: FIXED, label: t('filter.fixedDate') },
            ...DATE_LITERALS.map((each) => ({ value: each as string, label: literalText(each) })),
          ]}
          onChange={(chosen: string) => onChange(chosen === FIXED ? null : chosen)}
        />
        {literal === null && editor(typeof value === 'string' ? value : null)}
      </>
    )
  }

  const single = Array.isArray(value) ? (value[0] ?? null) : value
  if (field.name === RECORD_TYPE) {
    return (
      <RecordTypeInput
        value={single === null ? null : String(single)}
        recordTypes={describe.record_types}
        ariaLabel={ariaLabel}
        onChange={onChange}
      />
    )
  }
  const isPerson = isUserReference(field)
  if (isPerson && (single === null || single === '$User.Id')) {
    // "Me" is who looks at the list, so a view works for everybody.
    return (
      <>
        <Select
          className="fill"
          aria-label={ariaLabel}
          value={single === '$User.Id' ? 'me' : 'other'}
          options={[
            { value: 'me', label: t('filter.me') },
            { value: 'other', label: t('filter.somebody') },
          ]}
          onChange={(chosen: string) => onChange(chosen === 'me' ? '$User.Id' : null)}
        />
        {single === null && editor(null)}
      </>
    )
  }
  return editor(single)

  function editor(current: FieldJson) {
    return (
      <FieldInput
        field={{ ...field, required: false, type: plainType(field) }}
        id={`filter-${field.name}`}
        value={current}
        values={{}}
        recordType={null}
        ariaLabel={ariaLabel}
        onChange={(next) => onChange(next)}
      />
    )
  }

  function literalText(literal: (typeof DATE_LITERALS)[number]): string {
    const [name, days] = literal.split(':')
    if (name === 'LAST_N_DAYS') return t('filter.lastDays', { count: Number(days) })
    if (name === 'NEXT_N_DAYS') return t('filter.nextDays', { count: Number(days) })
    return t(`filter.literals.${literal as 'TODAY'}`)
  }
}

/** Part of an address or of a long text is typed into a plain line. */
function plainType(field: FieldDescribe): FieldDescribe['type'] {
  return ['email', 'phone', 'url', 'long_text', 'rich_text', 'auto_number', 'id'].includes(field.type)
    ? 'text'
    : field.type
}
