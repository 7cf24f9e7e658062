// Choose another record by typing part of its name; where several objects are possible, choose among them first.
import { useQuery } from '@tanstack/react-query'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useDescribes } from '../../api/queries'
import { lookup } from '../../api/endpoints'
import { useDebounced } from '../../frame/useDebounced'
import { formatPhone } from '../format'
import { tidyName } from '../names'
import type { FieldInputProps } from './FieldInput'
import { useRecordName } from './useRecordName'

export function LookupInput(props: FieldInputProps) {
  const { field, id, value, onChange, label, isInvalid, describedBy, ariaLabel, autoFocus } = props
  const { t } = useTranslation()
  const isPolymorphic = field.references.length > 1
  const [only, setOnly] = useState<string | null>(null)
  const [typed, setTyped] = useState('')
  const [isOpen, setOpen] = useState(false)
  const sought = useDebounced(typed.trim(), 200)
  const objects = only === null ? field.references : [only]
  const describes = useDescribes(field.references, isPolymorphic)
  const reference = value === null || value === '' ? null : String(value)
  const name = useRecordName(reference, label)

  const found = useQuery({
    queryKey: ['lookup', objects, sought],
    queryFn: ({ signal }) => lookup(objects, sought, signal),
    enabled: isOpen && objects.length > 0,
    staleTime: 30_000,
    // What was found stays until more is known: a choice must not vanish under the pointer.
    placeholderData: (before, query) => (String(query?.queryKey[1]) === String(objects) ? before : undefined),
  })
  const records = found.data?.records ?? []
  const labelOfObject = (object: string) =>
    describes.find((query) => query.data?.name === object)?.data?.label ?? object
  const options = records.map((record) => ({
    value: record.id,
    label: tidyName(record.name),
    details: [
      ...(isPolymorphic ? [labelOfObject(record.object)] : []),
      ...record.details.map((detail) => formatPhone(detail.value)),
    ].join(' · '),
  }))

  const select = (
    <Select
      id={id}
      className="fill"
      autoFocus={autoFocus}
      value={reference === null ? undefined : { value: reference, label: name }}
      labelInValue
      allowClear={!field.required}
      options={options}
      virtual={false}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      open={isOpen}
      onOpenChange={setOpen}
      status={isInvalid ? 'error' : undefined}
      placeholder={t('form.searchRecord')}
      aria-label={ariaLabel}
      aria-describedby={describedBy}
      aria-required={field.required}
      notFoundContent={<span role="status">{found.isFetching ? t('state.loading') : t('form.noRecord')}</span>}
      optionRender={(option) => (
        <span className="lookup-option">
          <span>{option.data.label}</span>
          {option.data.details !== '' && <span className="muted small">{option.data.details}</span>}
        </span>
      )}
      onChange={(chosen: { value: string; label: string } | undefined) => {
        setTyped('')
        const record = records.find((each) => each.id === chosen?.value)
        onChange(chosen?.value ?? null, record?.name)
      }}
    />
  )
  if (!isPolymorphic) return select
  return (
    <div className="lookup-many">
      <Select
        className="lookup-object"
        value={only ?? ''}
        aria-label={t('form.lookupObject')}
        options={[
          { value: '', label: t('form.anyObject') },
          ...field.references.map((object) => ({ value: object, label: labelOfObject(object) })),
        ]}
        popupMatchSelectWidth={false}
        onChange={(chosen) => setOnly(chosen === '' ? null : chosen)}
      />
      {select}
    </div>
  )
}
