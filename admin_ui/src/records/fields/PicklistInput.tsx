// Choose one value or several, of those that the record type and the controlling field offer.
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { splitMultiple } from '../format'
import { offeredWithCurrent } from '../picklists'
import type { FieldInputProps } from './FieldInput'

export function PicklistInput({
  field,
  id,
  value,
  onChange,
  values,
  recordType,
  isInvalid,
  describedBy,
  ariaLabel,
  autoFocus,
}: FieldInputProps) {
  const { t } = useTranslation()
  const isMultiple = field.type === 'multi_picklist'
  const offered = offeredWithCurrent(field, { ...values, [field.name]: value }, recordType)
  const options = offered.map((each) => ({ value: each.value, label: each.label, title: each.label }))
  const waitsFor = field.controlling_field !== null && !values[field.controlling_field] && options.length === 0
  const common = {
    id,
    options,
    autoFocus,
    className: 'fill',
    virtual: options.length > 100,
    allowClear: !field.required,
    showSearch: { optionFilterProp: 'label' },
    status: isInvalid ? ('error' as const) : undefined,
    'aria-label': ariaLabel,
    'aria-describedby': describedBy,
    'aria-required': field.required,
    placeholder: waitsFor ? t('form.chooseControllingFirst') : undefined,
  }
  if (isMultiple) {
    return (
      <Select
        {...common}
        mode={field.restricted ? 'multiple' : 'tags'}
        value={splitMultiple(value)}
        onChange={(chosen: string[]) => onChange(chosen.length === 0 ? null : chosen.join(';'))}
      />
    )
  }
  return (
    <Select
      {...common}
      value={value === null || value === '' ? undefined : String(value)}
      onChange={(chosen: string | undefined) => onChange(chosen ?? null)}
    />
  )
}
