// One column of the file: its name and first values, the field that it fills, and how its values are read.
import Button from 'antd/es/button'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FileColumn } from '../api/imports'
import { useDescribes } from '../api/queries'
import type { FieldDescribe, ObjectDescribe } from '../api/types'
import { isReference, keyFields, RECORD_TYPE, type ColumnDraft } from './mapping'
import { ValuesDialog } from './ValuesDialog'

const SHOWN_SAMPLES = 3
const BY_ID = ''

interface ColumnRowProps {
  id: string
  column: FileColumn
  draft: ColumnDraft
  describe: ObjectDescribe
  fields: FieldDescribe[]
  onChoose: (field: string | null) => void
  onChange: (draft: ColumnDraft) => void
}

export function ColumnRow({ id, column, draft, describe, fields, onChoose, onChange }: ColumnRowProps) {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  const field = draft.field === null ? undefined : describe.fields[draft.field]
  const hasValues = field?.type === 'picklist' || field?.type === 'checkbox'
  const values = t('imports.values', { count: Object.keys(draft.values).length })
  return (
    <li className={field === undefined ? 'map-column map-unread' : 'map-column'}>
      <div className="map-source">
        <label htmlFor={id} className="break">
          {column.name}
        </label>
        <span className="muted small ellipsis">
          {column.samples.slice(0, SHOWN_SAMPLES).filter(Boolean).join(' · ') || t('imports.noSamples')}
        </span>
      </div>
      <div className="map-target">
        <Select
          id={id}
          allowClear
          showSearch={{ optionFilterProp: 'label' }}
          placeholder={t('imports.notRead')}
          value={draft.field ?? undefined}
          options={fields.map((each) => ({ value: each.name, label: each.label }))}
          onChange={(name: string | undefined) => onChoose(name ?? null)}
        />
        {isReference(field) && draft.field !== RECORD_TYPE && field !== undefined && (
          <FoundBy field={field} column={column.name} value={draft.by} onChange={(by) => onChange({ ...draft, by })} />
        )}
        {hasValues && (
          <Button aria-label={`${values}: ${column.name}`} onClick={() => setOpen(true)}>
            {values}
          </Button>
        )}
      </div>
      {isOpen && field !== undefined && (
        <ValuesDialog column={column} field={field} draft={draft} onChange={onChange} onClose={() => setOpen(false)} />
      )}
    </li>
  )
}

interface FoundByProps {
  field: FieldDescribe
  column: string
  value: string | null
  onChange: (by: string | null) => void
}

/** By what the other record is named in the file: its id, or a field that is unique there. */
function FoundBy({ field, column, value, onChange }: FoundByProps) {
  const { t } = useTranslation()
  const others = useDescribes(field.references)
  const isOne = field.references.length === 1
  const options = others.flatMap(({ data }) =>
    keyFields(data).map((key) => ({
      value: isOne ? key.name : `${data?.name}:${key.name}`,
      label: isOne ? key.label : `${data?.label}: ${key.label}`,
    })),
  )
  return (
    <Select
      aria-label={t('imports.foundByOf', { column })}
      value={value ?? BY_ID}
      options={[{ value: BY_ID, label: t('imports.byId') }, ...options].map((each) => ({
        value: each.value,
        label: t('imports.foundBy', { field: each.label }),
      }))}
      onChange={(by) => onChange(by === BY_ID ? null : by)}
    />
  )
}
