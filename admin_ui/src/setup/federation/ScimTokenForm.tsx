// A token to make for a directory.
import Input from 'antd/es/input'
import InputNumber from 'antd/es/input-number'
import { useTranslation } from 'react-i18next'
import { createScimToken } from '../../api/federation'
import { FieldRow } from '../../records/fields/FieldRow'
import { DraftDrawer } from '../DraftDrawer'
import { useDraft } from '../useDraft'
import { PermissionSetList } from './PermissionSetList'

interface ScimTokenFormProps {
  onClose: () => void
  onMade: (label: string, token: string) => void
}

export function ScimTokenForm({ onClose, onMade }: ScimTokenFormProps) {
  const { t } = useTranslation()
  const draft = useDraft<{ label: string; permission_sets: string[]; days: number }>({
    label: '',
    permission_sets: [],
    days: 365,
  })
  const { values, set, errorsOf } = draft
  return (
    <DraftDrawer
      title={t('federation.newToken')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() =>
        void draft.submit(['label'], async () => onMade(values.label, (await createScimToken(values)).token))
      }
    >
      <FieldRow id="token-label" label={t('federation.label')} required errors={errorsOf('label')}>
        <Input
          id="token-label"
          autoFocus
          maxLength={80}
          value={values.label}
          onChange={(event) => set('label', event.target.value)}
        />
      </FieldRow>
      <FieldRow id="token-sets" label={t('federation.tokenSets')} errors={errorsOf('permission_sets')}>
        <PermissionSetList id="token-sets" value={values.permission_sets} onChange={(sets) => set('permission_sets', sets)} />
      </FieldRow>
      <FieldRow id="token-days" label={t('federation.tokenDays')} errors={errorsOf('days')}>
        <InputNumber id="token-days" min={1} max={730} value={values.days} onChange={(days) => set('days', days ?? 1)} />
      </FieldRow>
    </DraftDrawer>
  )
}
