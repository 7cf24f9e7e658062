// What a thing is called on the screen, and its name for files and the API: proposed until somebody types another.
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FieldRow } from '../records/fields/FieldRow'
import { proposeName } from './apiName'

interface LabelAndNameProps {
  id: string
  label: string
  values: { label: string; name: string }
  set: (key: 'label' | 'name', value: string) => void
  errorsOf: (key: 'label' | 'name') => string[] | undefined
  /** Whether the name stands already, so that none is proposed. */
  isNamed?: boolean
  /** What the server puts behind the name. */
  suffix?: string
}

export function LabelAndName({ id, label, values, set, errorsOf, isNamed = false, suffix = '' }: LabelAndNameProps) {
  const { t } = useTranslation()
  const [isTyped, setTyped] = useState(isNamed)
  return (
    <>
      <FieldRow id={`${id}-label`} label={label} required errors={errorsOf('label')}>
        <Input
          id={`${id}-label`}
          autoFocus
          maxLength={80}
          value={values.label}
          onChange={(event) => {
            set('label', event.target.value)
            if (!isTyped) set('name', proposeName(event.target.value))
          }}
        />
      </FieldRow>
      <FieldRow
        id={`${id}-name`}
        label={t('object.name')}
        required
        help={suffix === '' ? t('object.plainNameHelp') : t('object.nameHelp')}
        errors={errorsOf('name')}
      >
        <Input
          id={`${id}-name`}
          className="mono"
          value={values.name}
          suffix={suffix === '' || values.name.endsWith(suffix) ? null : <span className="muted">{suffix}</span>}
          onChange={(event) => {
            setTyped(true)
            set('name', event.target.value)
          }}
        />
      </FieldRow>
    </>
  )
}
