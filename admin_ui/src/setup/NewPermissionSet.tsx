// A permission set of the tenant's own: empty, or a copy of another.
import { useQueryClient } from '@tanstack/react-query'
import Input from 'antd/es/input'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { savePermissionSet } from '../api/setup'
import type { PermissionSet } from '../api/types'
import { FieldRow } from '../records/fields/FieldRow'
import { proposeName } from './apiName'
import { DraftDrawer } from './DraftDrawer'
import { useDraft } from './useDraft'

export function NewPermissionSet({ original, onClose }: { original?: PermissionSet; onClose: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const [isNamed, setNamed] = useState(original !== undefined)
  const draft = useDraft({
    label: original ? t('permission.copyOf', { label: original.label }) : '',
    name: original ? `${original.name.replace(/__c$/, '')}Copy` : '',
    description: original?.description ?? '',
  })
  const { values, set, errorsOf } = draft

  async function save() {
    const name = values.name.endsWith('__c') ? values.name : `${values.name}__c`
    await savePermissionSet(name, {
      label: values.label,
      description: values.description || null,
      objects: original?.objects ?? {},
      fields: original?.fields ?? {},
      system: original?.system ?? [],
      apps: original?.apps ?? [],
    })
    await client.invalidateQueries({ queryKey: ['setup', 'permission-sets'] })
    onClose()
    void navigate(`/admin/permission-sets/${name}`)
  }

  return (
    <DraftDrawer
      title={original ? t('permission.clone', { label: original.label }) : t('permission.new')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() => void draft.submit(['label', 'name'], save)}
    >
      <FieldRow id="set-label" label={t('permission.label')} required errors={errorsOf('label')}>
        <Input
          id="set-label"
          autoFocus
          value={values.label}
          onChange={(event) => {
            set('label', event.target.value)
            if (!isNamed) set('name', proposeName(event.target.value))
          }}
        />
      </FieldRow>
      <FieldRow id="set-name" label={t('object.name')} required help={t('object.nameHelp')} errors={errorsOf('name')}>
        <Input
          id="set-name"
          className="mono"
          value={values.name}
          suffix={values.name.endsWith('__c') ? null : <span className="muted">__c</span>}
          onChange={(event) => {
            setNamed(true)
            set('name', event.target.value)
          }}
        />
      </FieldRow>
      <FieldRow id="set-description" label={t('object.description')}>
        <Input.TextArea
          id="set-description"
          className="grows"
          rows={2}
          value={values.description}
          onChange={(event) => set('description', event.target.value)}
        />
      </FieldRow>
    </DraftDrawer>
  )
}
