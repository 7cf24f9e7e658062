// A permission set of the tenant's own: empty, or a copy of another.
import { useQueryClient } from '@tanstack/react-query'
import Input from 'antd/es/input'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { savePermissionSet } from '../api/setup'
import type { PermissionSet } from '../api/types'
import { FieldRow } from '../records/fields/FieldRow'
import { DraftDrawer } from './DraftDrawer'
import { LabelAndName } from './LabelAndName'
import { toDraft } from './permissions'
import { useDraft } from './useDraft'

export function NewPermissionSet({ original, onClose }: { original?: PermissionSet; onClose: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const draft = useDraft({
    label: original ? t('permission.copyOf', { label: original.label }) : '',
    name: original ? `${original.name.replace(/__c$/, '')}Copy` : '',
    description: original?.description ?? '',
  })
  const { values, set, errorsOf } = draft

  async function save() {
    const name = values.name.endsWith('__c') ? values.name : `${values.name}__c`
    const blank = { objects: {}, fields: {}, system: [], apps: [] }
    const start = original ? toDraft(original) : blank
    await savePermissionSet(name, { ...start, label: values.label, description: values.description || null })
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
      <LabelAndName
        id="set"
        label={t('permission.label')}
        values={values}
        set={set}
        errorsOf={errorsOf}
        isNamed={original !== undefined}
        suffix="__c"
      />
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
