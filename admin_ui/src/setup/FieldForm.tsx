// Makes a field of any type, with the settings that this type has, or changes one of the tenant's own.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import InputNumber from 'antd/es/input-number'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createField, objects, updateField } from '../api/setup'
import type { FieldDescribe, FieldType, ObjectDescribe } from '../api/types'
import { useReady } from '../frame/useReady'
import { blankField } from '../records/fields/blankField'
import { FieldInput } from '../records/fields/FieldInput'
import { FieldRow } from '../records/fields/FieldRow'
import { proposeName } from './apiName'
import { DraftDrawer } from './DraftDrawer'
import {
  DEFAULT_DIGITS,
  DEFAULT_LENGTH,
  formValues,
  MAKEABLE,
  settingsOf,
  toFieldDraft,
  type FieldFormValues,
} from './fieldTypes'
import { GrantTo } from './GrantTo'
import { PicklistValues } from './PicklistValues'
import { refreshDefinitions } from './refreshDefinitions'
import { useDraft } from './useDraft'

const CLASSIFICATIONS = ['public', 'internal', 'personal', 'sensitive'] as const
const FLAGS = ['required', 'unique', 'external_id', 'indexed', 'tracked', 'encrypted'] as const
const ON_DELETE = ['clear', 'restrict', 'cascade'] as const

interface FieldFormProps {
  object: ObjectDescribe
  field?: FieldDescribe
  onClose: () => void
}

export function FieldForm({ object, field, onClose }: FieldFormProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ready = useReady()
  const [isNamed, setNamed] = useState(field !== undefined)
  const draft = useDraft<FieldFormValues>(formValues(field))
  const { values, set, errorsOf } = draft
  const settings = settingsOf(values.type)
  const all = useQuery({ queryKey: ['setup', 'objects'], queryFn: objects, enabled: settings.references !== null })
  const controlling = Object.values(object.fields).filter(
    (each) => (each.type === 'picklist' || each.type === 'checkbox') && each.name !== field?.name,
  )

  function chooseType(type: FieldType) {
    draft.replace({
      ...values,
      type,
      length: DEFAULT_LENGTH[type] ?? null,
      precision: DEFAULT_DIGITS[type]?.precision ?? null,
      scale: DEFAULT_DIGITS[type]?.scale ?? null,
      default: null,
      references: [],
    })
  }

  async function save() {
    const made = toFieldDraft(values)
    if (field) {
      // Name and type are what a field is; the rest may change.
      const { name: _name, type: _type, ...changes } = made
      const flags = Object.fromEntries(
        FLAGS.filter((flag) => values[flag] !== field[flag]).map((flag) => [flag, values[flag]]),
      )
      await updateField(object.name, field.name, {
        ...changes,
        ...flags,
        help: values.help.trim(),
        classification: values.classification,
      })
    } else {
      await createField(object.name, made)
    }
    await refreshDefinitions(client, object.name)
    ready(t('form.saved'))
    onClose()
  }

  const required: (keyof FieldFormValues)[] = ['label', 'name']
  const isUnpointed = settings.references !== null && values.references.length === 0

  return (
    <DraftDrawer
      title={field ? t('record.editField', { field: field.label }) : t('field.newOf', { object: object.label })}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() => void draft.submit(required, save)}
    >
      <FieldRow id="field-type" label={t('field.type')} required>
        <Select
          id="field-type"
          showSearch={{ optionFilterProp: 'label' }}
          virtual={false}
          disabled={field !== undefined}
          value={values.type}
          options={MAKEABLE.map((type) => ({ value: type, label: t(`types.${type}`) }))}
          onChange={chooseType}
        />
      </FieldRow>
      <FieldRow id="field-label" label={t('field.label')} required errors={errorsOf('label')}>
        <Input
          id="field-label"
          autoFocus
          maxLength={80}
          value={values.label}
          onChange={(event) => {
            set('label', event.target.value)
            if (!isNamed) set('name', proposeName(event.target.value))
          }}
        />
      </FieldRow>
      {!field && (
        <FieldRow
          id="field-name"
          label={t('field.name')}
          required
          help={t('object.nameHelp')}
          errors={errorsOf('name')}
        >
          <Input
            id="field-name"
            className="mono"
            maxLength={40}
            value={values.name}
            suffix={values.name.endsWith('__c') ? null : <span className="muted">__c</span>}
            onChange={(event) => {
              setNamed(true)
              set('name', event.target.value)
            }}
          />
        </FieldRow>
      )}
      {settings.length && (
        <FieldRow id="field-length" label={t('field.length')} errors={errorsOf('length')}>
          <InputNumber
            id="field-length"
            className="fill"
            min={1}
            max={values.type === 'text' ? 1300 : 131072}
            value={values.length}
            onChange={(length) => set('length', length)}
          />
        </FieldRow>
      )}
      {settings.number && (
        <div className="fields fields-2">
          <FieldRow id="field-precision" label={t('field.precision')} errors={errorsOf('precision')}>
            <InputNumber
              id="field-precision"
              className="fill"
              min={1}
              max={18}
              value={values.precision}
              onChange={(precision) => set('precision', precision)}
            />
          </FieldRow>
          <FieldRow id="field-scale" label={t('field.scale')} errors={errorsOf('scale')}>
            <InputNumber
              id="field-scale"
              className="fill"
              min={0}
              max={values.precision ?? 18}
              value={values.scale}
              onChange={(scale) => set('scale', scale)}
            />
          </FieldRow>
        </div>
      )}
      {settings.format && (
        <FieldRow id="field-format" label={t('field.format')} help={t('field.formatHelp')} errors={errorsOf('format')}>
          <Input
            id="field-format"
            className="mono"
            value={values.format}
            onChange={(event) => set('format', event.target.value)}
          />
        </FieldRow>
      )}
      {settings.references !== null && (
        <>
          <FieldRow
            id="field-references"
            label={t('field.references')}
            required
            errors={
              errorsOf('references') ?? (isUnpointed && draft.general.length > 0 ? [t('form.missing')] : undefined)
            }
          >
            <Select
              id="field-references"
              mode={settings.references === 'many' ? 'multiple' : undefined}
              showSearch={{ optionFilterProp: 'label' }}
              disabled={field !== undefined}
              value={settings.references === 'many' ? values.references : (values.references[0] as unknown as string[])}
              options={(all.data?.objects ?? []).map((each) => ({
                value: each.name,
                label: `${each.label} (${each.name})`,
              }))}
              onChange={(chosen: string | string[]) => set('references', Array.isArray(chosen) ? chosen : [chosen])}
            />
          </FieldRow>
          <FieldRow id="field-child-label" label={t('field.childLabel')} help={t('field.childLabelHelp')}>
            <Input
              id="field-child-label"
              value={values.child_label}
              placeholder={object.plural_label}
              onChange={(event) => set('child_label', event.target.value)}
            />
          </FieldRow>
        </>
      )}
      {settings.onDelete && (
        <FieldRow id="field-on-delete" label={t('field.onDelete')}>
          <Select
            id="field-on-delete"
            value={values.on_delete}
            options={ON_DELETE.map((each) => ({ value: each as string, label: t(`field.onDeletes.${each}`) }))}
            onChange={(each: string) => set('on_delete', each)}
          />
        </FieldRow>
      )}
      {settings.values && (
        <>
          {values.type === 'picklist' && controlling.length > 0 && (
            <FieldRow id="field-controlling" label={t('field.controlling')} help={t('field.controllingHelp')}>
              <Select
                id="field-controlling"
                allowClear
                value={values.controlling_field ?? undefined}
                options={controlling.map((each) => ({ value: each.name, label: each.label }))}
                onChange={(name: string | undefined) => set('controlling_field', name ?? null)}
              />
            </FieldRow>
          )}
          <PicklistValues
            rows={values.values}
            controlling={values.controlling_field === null ? null : (object.fields[values.controlling_field] ?? null)}
            errors={errorsOf('values')}
            onChange={(rows) => set('values', rows)}
          />
          <Checkbox checked={values.restricted} onChange={(event) => set('restricted', event.target.checked)}>
            {t('field.restricted')}
          </Checkbox>
        </>
      )}
      {settings.default && !values.encrypted && (
        <FieldRow id="field-default" label={t('field.default')} errors={errorsOf('default')}>
          <FieldInput
            id="field-default"
            field={{
              ...blankField('default', t('field.default'), values.type),
              scale: values.scale,
              values: values.values.map((row) => ({
                ...row,
                value: row.value || row.label,
                label: row.label || row.value,
                controlled_by: [],
              })),
            }}
            value={values.default}
            values={{}}
            recordType={null}
            onChange={(value) => set('default', value)}
          />
        </FieldRow>
      )}
      <fieldset className="checks">
        <legend>{t('field.properties')}</legend>
        {(['required', 'unique', 'indexed', 'tracked', 'encrypted'] as const)
          .filter((flag) => settings[flag])
          .map((flag) => (
            <Checkbox
              key={flag}
              checked={values[flag]}
              // What is encrypted is stored in clear again under Keys and encryption.
              disabled={flag === 'encrypted' && field?.encrypted}
              onChange={(event) => set(flag, event.target.checked)}
            >
              {t(`field.${flag}`)}
            </Checkbox>
          ))}
        {settings.unique && (
          <Checkbox checked={values.external_id} onChange={(event) => set('external_id', event.target.checked)}>
            {t('field.external_id')}
          </Checkbox>
        )}
      </fieldset>
      <FieldRow id="field-classification" label={t('field.classification')} help={t('field.classificationHelp')}>
        <Select
          id="field-classification"
          value={values.classification}
          options={CLASSIFICATIONS.map((each) => ({
            value: each as string,
            label: t(`field.classifications.${each}`),
          }))}
          onChange={(each: string) => set('classification', each)}
        />
      </FieldRow>
      <FieldRow id="field-help" label={t('field.help')}>
        <Input.TextArea
          id="field-help"
          className="grows"
          rows={2}
          value={values.help}
          onChange={(event) => set('help', event.target.value)}
        />
      </FieldRow>
      {!field && <GrantTo value={values.grant_to} onChange={(names) => set('grant_to', names)} />}
    </DraftDrawer>
  )
}
