// Makes an object of the tenant's own, or changes one; it can be used at once.
import { useQueryClient } from '@tanstack/react-query'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { createObject, updateObject } from '../api/setup'
import type { ObjectDescribe } from '../api/types'
import { ICON_NAMES, MetadataIcon } from '../frame/MetadataIcon'
import { useReady } from '../frame/useReady'
import { FieldRow } from '../records/fields/FieldRow'
import { proposeName } from './apiName'
import { DraftDrawer } from './DraftDrawer'
import { GrantTo } from './GrantTo'
import { useDraft } from './useDraft'
import { refreshDefinitions } from './refreshDefinitions'

const SHARINGS = ['private', 'public_read', 'public_read_write'] as const

interface ObjectFormProps {
  object?: ObjectDescribe
  onClose: () => void
}

export function ObjectForm({ object, onClose }: ObjectFormProps) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const ready = useReady()
  const nameField = object?.fields[object.name_field]
  const [isNamed, setNamed] = useState(object !== undefined)
  const draft = useDraft({
    label: object?.label ?? '',
    plural_label: object?.plural_label ?? '',
    name: object?.name ?? '',
    name_type: nameField?.type === 'auto_number' ? 'auto_number' : 'text',
    name_label: nameField?.label ?? t('object.nameFieldDefault'),
    name_format: nameField?.format ?? '{00000}',
    sharing: object?.sharing ?? 'private',
    icon: object?.icon ?? null,
    description: object?.description ?? '',
    grant_to: [] as string[],
  })
  const { values, set, errorsOf } = draft

  async function save() {
    const common = {
      label: values.label.trim(),
      plural_label: values.plural_label.trim() || values.label.trim(),
      sharing: values.sharing,
      icon: values.icon,
      description: values.description || null,
    }
    if (object) {
      await updateObject(object.name, common)
    } else {
      const { name } = await createObject({
        ...common,
        name: values.name.trim(),
        name_field: {
          type: values.name_type === 'auto_number' ? 'auto_number' : 'text',
          label: values.name_label,
          format: values.name_type === 'auto_number' ? values.name_format : null,
        },
        ...(values.grant_to.length > 0 ? { grant_to: values.grant_to } : {}),
      })
      void navigate(`/admin/objects/${name}`)
    }
    await refreshDefinitions(client, object?.name)
    ready(t('form.saved'))
    onClose()
  }

  return (
    <DraftDrawer
      title={object ? t('object.edit', { object: object.label }) : t('object.new')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() => void draft.submit(object ? ['label'] : ['label', 'name', 'name_label'], save)}
    >
      <FieldRow id="object-label" label={t('object.label')} required errors={errorsOf('label')}>
        <Input
          id="object-label"
          autoFocus
          maxLength={80}
          value={values.label}
          onChange={(event) => {
            set('label', event.target.value)
            if (!isNamed) set('name', proposeName(event.target.value))
          }}
        />
      </FieldRow>
      <FieldRow id="object-plural" label={t('object.plural')} errors={errorsOf('plural_label')}>
        <Input
          id="object-plural"
          maxLength={80}
          value={values.plural_label}
          placeholder={values.label}
          onChange={(event) => set('plural_label', event.target.value)}
        />
      </FieldRow>
      {!object && (
        <>
          <FieldRow
            id="object-name"
            label={t('object.name')}
            required
            help={t('object.nameHelp')}
            errors={errorsOf('name')}
          >
            <Input
              id="object-name"
              className="mono"
              value={values.name}
              suffix={values.name.endsWith('__c') ? null : <span className="muted">__c</span>}
              maxLength={40}
              onChange={(event) => {
                setNamed(true)
                set('name', event.target.value)
              }}
            />
          </FieldRow>
          <fieldset className="field-group">
            <legend>{t('object.nameField')}</legend>
            <FieldRow
              id="object-name-label"
              label={t('object.nameFieldLabel')}
              required
              errors={errorsOf('name_label')}
            >
              <Input
                id="object-name-label"
                value={values.name_label}
                onChange={(event) => set('name_label', event.target.value)}
              />
            </FieldRow>
            <FieldRow id="object-name-type" label={t('object.nameFieldType')}>
              <Select
                id="object-name-type"
                value={values.name_type}
                options={(['text', 'auto_number'] as const).map((type) => ({ value: type, label: t(`types.${type}`) }))}
                onChange={(type: string) => set('name_type', type)}
              />
            </FieldRow>
            {values.name_type === 'auto_number' && (
              <FieldRow id="object-name-format" label={t('field.format')} help={t('field.formatHelp')}>
                <Input
                  id="object-name-format"
                  className="mono"
                  value={values.name_format}
                  onChange={(event) => set('name_format', event.target.value)}
                />
              </FieldRow>
            )}
          </fieldset>
        </>
      )}
      <FieldRow
        id="object-sharing"
        label={t('object.sharing')}
        help={t('object.sharingHelp')}
        errors={errorsOf('sharing')}
      >
        <Select
          id="object-sharing"
          value={values.sharing}
          options={SHARINGS.map((sharing) => ({ value: sharing as string, label: t(`object.sharings.${sharing}`) }))}
          onChange={(sharing: string) => set('sharing', sharing)}
        />
      </FieldRow>
      <FieldRow id="object-icon" label={t('object.icon')}>
        <Select
          id="object-icon"
          allowClear
          showSearch
          value={values.icon ?? undefined}
          options={ICON_NAMES.map((name) => ({ value: name, label: name }))}
          optionRender={(option) => (
            <span className="row-tight">
              <MetadataIcon name={String(option.value)} /> {option.label}
            </span>
          )}
          onChange={(icon: string | undefined) => set('icon', icon ?? null)}
        />
      </FieldRow>
      <FieldRow id="object-description" label={t('object.description')}>
        <Input.TextArea
          id="object-description"
          className="grows"
          rows={2}
          value={values.description}
          onChange={(event) => set('description', event.target.value)}
        />
      </FieldRow>
      {!object && <GrantTo value={values.grant_to} onChange={(names) => set('grant_to', names)} />}
    </DraftDrawer>
  )
}
