// The control that edits one field, by its type. Its value is always what the server takes.
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import type { FieldDescribe, FieldJson, RecordType, Values } from '../../api/types'
import { controlProps } from './controlProps'
import { DateInput } from './DateInput'
import { LookupInput } from './LookupInput'
import { NumberInput } from './NumberInput'
import { PicklistInput } from './PicklistInput'

export interface FieldInputProps {
  field: FieldDescribe
  id: string
  value: FieldJson
  onChange: (value: FieldJson, label?: string) => void
  /** The other values of the record: a dependent picklist looks at its controlling field. */
  values: Values
  recordType: RecordType | null
  /** The name of the record that a lookup points at. */
  label?: string
  isInvalid?: boolean
  describedBy?: string
  ariaLabel?: string
  autoFocus?: boolean
}

export function FieldInput(props: FieldInputProps) {
  const { field, id, value, onChange, describedBy, ariaLabel, autoFocus } = props
  const text = value === null || value === undefined ? '' : String(value)
  const common = controlProps(props)
  switch (field.type) {
    case 'checkbox':
      return (
        <Checkbox
          id={id}
          autoFocus={autoFocus}
          checked={value === true}
          aria-label={ariaLabel}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.checked)}
        />
      )
    case 'picklist':
    case 'multi_picklist':
      return <PicklistInput {...props} />
    case 'lookup':
    case 'master_detail':
      return <LookupInput {...props} />
    case 'number':
    case 'currency':
    case 'percent':
      return <NumberInput {...props} />
    case 'date':
    case 'datetime':
    case 'time':
      return <DateInput {...props} />
    case 'long_text':
    case 'rich_text':
      return (
        <Input.TextArea
          {...common}
          value={text}
          maxLength={field.length ?? undefined}
          className="grows"
          rows={3}
          onChange={(event) => onChange(event.target.value)}
        />
      )
    default:
      return (
        <Input
          {...common}
          value={text}
          maxLength={field.length ?? undefined}
          type={field.type === 'email' ? 'email' : field.type === 'phone' ? 'tel' : 'text'}
          inputMode={field.type === 'url' ? 'url' : undefined}
          autoComplete="off"
          onChange={(event) => onChange(event.target.value)}
        />
      )
  }
}
