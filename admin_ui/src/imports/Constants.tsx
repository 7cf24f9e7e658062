// Fields that get the same value in every row.
import { DeleteOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import type { FieldDescribe, ObjectDescribe } from '../api/types'
import { FieldRow } from '../records/fields/FieldRow'
import { LookupInput } from '../records/fields/LookupInput'
import { useReader } from '../records/fields/useReader'
import { choicesOf } from './choices'
import { RECORD_TYPE } from './mapping'

interface ConstantsProps {
  describe: ObjectDescribe
  fields: FieldDescribe[]
  /** Filled by a column. */
  taken: (string | null)[]
  values: Record<string, string>
  onChange: (values: Record<string, string>) => void
}

export function Constants({ describe, fields, taken, values, onChange }: ConstantsProps) {
  const { t } = useTranslation()
  const free = fields.filter((field) => !taken.includes(field.name) && !(field.name in values))
  return (
    <fieldset className="stack choices">
      <legend>{t('imports.constants')}</legend>
      {Object.entries(values).map(([name, value]) => {
        const field = describe.fields[name]
        if (field === undefined) return null
        return (
          <FieldRow key={name} id={`constant-${name}`} label={field.label}>
            <div className="constant">
              <ConstantInput
                describe={describe}
                field={field}
                value={value}
                onChange={(next) => onChange({ ...values, [name]: next })}
              />
              <Button
                type="text"
                icon={<DeleteOutlined aria-hidden />}
                aria-label={t('imports.removeConstant', { field: field.label })}
                onClick={() => onChange(Object.fromEntries(Object.entries(values).filter(([each]) => each !== name)))}
              />
            </div>
          </FieldRow>
        )
      })}
      <Select
        className="constant-add"
        showSearch={{ optionFilterProp: 'label' }}
        aria-label={t('imports.addConstant')}
        placeholder={t('imports.addConstant')}
        value={null}
        options={free.map((each) => ({ value: each.name, label: each.label }))}
        onChange={(name: string | null) => name !== null && onChange({ ...values, [name]: '' })}
      />
    </fieldset>
  )
}

interface ConstantInputProps {
  describe: ObjectDescribe
  field: FieldDescribe
  value: string
  onChange: (value: string) => void
}

function ConstantInput({ describe, field, value, onChange }: ConstantInputProps) {
  const reader = useReader()
  const id = `constant-${field.name}`
  const options =
    field.name === RECORD_TYPE
      ? describe.record_types.map(({ name, label }) => ({ value: name, label }))
      : choicesOf(field, reader)
  if (options !== null) {
    return <Select id={id} value={value || undefined} options={options} onChange={onChange} />
  }
  if (field.references.length > 0) {
    return (
      <LookupInput
        field={field}
        id={id}
        value={value || null}
        values={{}}
        recordType={null}
        onChange={(record) => onChange(record === null ? '' : String(record))}
      />
    )
  }
  return <Input id={id} value={value} onChange={(event) => onChange(event.target.value)} />
}
