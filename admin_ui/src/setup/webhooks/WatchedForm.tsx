// One object that a webhook tells of: which changes, under which condition, and what is said of the record.
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { objects } from '../../api/setup'
import type { ChangeType, Watched } from '../../api/webhooks'
import { FieldRow } from '../../records/fields/FieldRow'
import { NameList } from '../federation/NameList'
import { CHANGE_TYPES } from './state'

interface WatchedFormProps {
  place: number
  value: Watched
  onChange: (value: Watched) => void
  onRemove: (() => void) | null
}

export function WatchedForm({ place, value, onChange, onRemove }: WatchedFormProps) {
  const { t } = useTranslation()
  const all = useQuery({ queryKey: ['setup', 'objects'], queryFn: objects })
  const id = (name: string) => `watched-${place}-${name}`
  const set = (changed: Partial<Watched>) => onChange({ ...value, ...changed })
  return (
    <fieldset className="value-rows">
      <legend>{t('webhook.watchedNumber', { number: place + 1 })}</legend>
      <FieldRow id={id('object')} label={t('webhook.object')} required>
        <Select
          id={id('object')}
          showSearch={{ optionFilterProp: 'label' }}
          value={value.object || undefined}
          options={(all.data?.objects ?? []).map((each) => ({ value: each.name, label: each.label }))}
          onChange={(object: string) => set({ object })}
        />
      </FieldRow>
      <FieldRow id={id('events')} label={t('webhook.events')} required>
        <Select
          id={id('events')}
          mode="multiple"
          virtual={false}
          value={value.events}
          options={CHANGE_TYPES.map((each) => ({ value: each, label: t(`webhook.event.${each}`) }))}
          onChange={(events: ChangeType[]) => set({ events })}
        />
      </FieldRow>
      <FieldRow id={id('criteria')} label={t('webhook.criteria')} help={t('webhook.criteriaHelp')}>
        <Input.TextArea
          id={id('criteria')}
          className="mono"
          rows={2}
          value={value.criteria ?? ''}
          onChange={(event) => set({ criteria: event.target.value || null })}
        />
      </FieldRow>
      <FieldRow id={id('changed')} label={t('webhook.changed')} help={t('webhook.changedHelp')}>
        <NameList id={id('changed')} value={value.changed} onChange={(changed) => set({ changed })} />
      </FieldRow>
      <FieldRow id={id('fields')} label={t('webhook.fields')} help={t('webhook.fieldsHelp')}>
        <NameList id={id('fields')} value={value.fields} onChange={(fields) => set({ fields })} />
      </FieldRow>
      {onRemove && (
        <div>
          <Button size="small" danger onClick={onRemove}>
            {t('webhook.removeObject')}
          </Button>
        </div>
      )}
    </fieldset>
  )
}
