// Choose a person by name; an auditor who may not look users up can give an id.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { lookup } from '../api/endpoints'
import { useDebounced } from '../frame/useDebounced'
import { useRecordName } from '../records/fields/useRecordName'
import { tidyName } from '../records/names'
import { USER_OBJECT } from '../records/userReference'

interface PersonPickerProps {
  value: string | null
  onChange: (id: string | null) => void
}

const ID = /^[A-Za-z0-9]{15,18}$/

export function PersonPicker({ value, onChange }: PersonPickerProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [isOpen, setOpen] = useState(false)
  const [chosenName, setChosenName] = useState<string | undefined>()
  const sought = useDebounced(typed.trim(), 200)
  const found = useQuery({
    queryKey: ['lookup', [USER_OBJECT], sought],
    queryFn: ({ signal }) => lookup([USER_OBJECT], sought, signal),
    enabled: isOpen,
    retry: false,
    placeholderData: keepPreviousData, // a choice must not vanish under the pointer
  })
  const name = useRecordName(value, chosenName)
  const records = found.data?.records ?? []
  const options = records.map((record) => ({ value: record.id, label: tidyName(record.name) }))
  if (ID.test(sought) && !records.some((record) => record.id === sought)) options.push({ value: sought, label: sought })

  return (
    <Select
      className="audit-person"
      aria-label={t('audit.person')}
      placeholder={t('audit.person')}
      allowClear
      labelInValue
      virtual={false}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      open={isOpen}
      onOpenChange={setOpen}
      value={value === null ? undefined : { value, label: name }}
      options={options}
      notFoundContent={found.isFetching ? t('state.loading') : t('form.noRecord')}
      onChange={(chosen: { value: string; label: string } | undefined) => {
        setTyped('')
        setChosenName(chosen?.label)
        onChange(chosen?.value ?? null)
      }}
    />
  )
}
