// Choose a user by typing part of the name or user name.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { users } from '../api/setup'
import { useDebounced } from '../frame/useDebounced'
import { tidyName } from '../records/names'

interface UserPickerProps {
  value: string | null
  onChange: (id: string | null) => void
  label: string
}

export function UserPicker({ value, onChange, label }: UserPickerProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const sought = useDebounced(typed, 200)
  const found = useQuery({
    queryKey: ['setup', 'users', sought, 'picker'],
    queryFn: () => users(sought, null),
    placeholderData: keepPreviousData, // a choice must not vanish under the pointer
  })
  return (
    <Select
      className="setup-search"
      aria-label={label}
      placeholder={label}
      allowClear
      virtual={false}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      value={value ?? undefined}
      notFoundContent={found.isFetching ? t('state.loading') : t('form.noRecord')}
      options={(found.data?.users ?? []).map((user) => ({
        value: user.id,
        label: `${tidyName(user.name)} · ${user.username}`,
      }))}
      onChange={(id: string | undefined) => onChange(id ?? null)}
    />
  )
}
