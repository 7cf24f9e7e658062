// Make an inbound key: what it is called, and with whose rights everything happens that comes with it.
import Input from 'antd/es/input'
import InputNumber from 'antd/es/input-number'
import { useTranslation } from 'react-i18next'
import { createInboundKey } from '../api/setup'
import type { InboundKeyDraft } from '../api/types'
import { blankField } from '../records/fields/blankField'
import { FieldRow } from '../records/fields/FieldRow'
import { LookupInput } from '../records/fields/LookupInput'
import { DraftDrawer } from './DraftDrawer'
import { useDraft } from './useDraft'

interface InboundKeyFormProps {
  onClose: () => void
  onMade: (label: string, key: string) => void
}

const LONGEST_LABEL = 80

export function InboundKeyForm({ onClose, onMade }: InboundKeyFormProps) {
  const { t } = useTranslation()
  const draft = useDraft<InboundKeyDraft>({ label: '', run_as_user_id: null, max_bytes: null })
  const { values, set, errorsOf } = draft
  const user = { ...blankField('run_as_user_id', t('inboundKey.runsAs'), 'lookup'), required: true, references: ['User'] }
  return (
    <DraftDrawer
      title={t('inboundKey.new')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() =>
        void draft.submit(['label', 'run_as_user_id'], async () =>
          onMade(values.label, (await createInboundKey(values)).key),
        )
      }
    >
      <FieldRow
        id="key-label"
        label={t('inboundKey.label')}
        required
        help={t('inboundKey.labelHelp')}
        errors={errorsOf('label')}
      >
        <Input
          id="key-label"
          autoFocus
          maxLength={LONGEST_LABEL}
          value={values.label}
          onChange={(event) => set('label', event.target.value)}
        />
      </FieldRow>
      <FieldRow
        id="key-user"
        label={t('inboundKey.runsAs')}
        required
        help={t('inboundKey.runsAsHelp')}
        errors={errorsOf('run_as_user_id')}
      >
        <LookupInput
          field={user}
          id="key-user"
          value={values.run_as_user_id}
          values={{}}
          recordType={null}
          onChange={(id) => set('run_as_user_id', id === null ? null : String(id))}
        />
      </FieldRow>
      <FieldRow
        id="key-bytes"
        label={t('inboundKey.maxBytes')}
        help={t('inboundKey.maxBytesHelp')}
        errors={errorsOf('max_bytes')}
      >
        <InputNumber
          id="key-bytes"
          min={1}
          precision={0}
          value={values.max_bytes}
          onChange={(value) => set('max_bytes', value)}
        />
      </FieldRow>
    </DraftDrawer>
  )
}
