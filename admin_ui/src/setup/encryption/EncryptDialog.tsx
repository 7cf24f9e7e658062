// A field of the tenant's own becomes encrypted: what is stored, and what is saved from now on.
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useQueryClient } from '@tanstack/react-query'
import type { Encryption } from '../../api/encryption'
import { updateField } from '../../api/setup'
import { AskDialog } from '../../frame/AskDialog'
import { refreshDefinitions } from '../refreshDefinitions'

interface EncryptDialogProps {
  fields: Encryption['encryptable']
  onDone: () => void
  onClose: () => void
}

export function EncryptDialog({ fields, onDone, onClose }: EncryptDialogProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [chosen, setChosen] = useState<string>()
  return (
    <AskDialog
      title={t('encryption.encryptTitle')}
      okText={t('encryption.encrypt')}
      isComplete={chosen !== undefined}
      onAct={async () => {
        const [object = '', field = ''] = (chosen ?? '').split('.')
        await updateField(object, field, { encrypted: true })
        await refreshDefinitions(client, object)
        onDone()
      }}
      onClose={onClose}
    >
      <p className="muted">{t('encryption.encryptText')}</p>
      <div className="field">
        <label htmlFor="encrypt-field">{t('dictionary.field')}</label>
        <Select
          id="encrypt-field"
          className="fill"
          autoFocus
          showSearch={{ optionFilterProp: 'label' }}
          value={chosen}
          notFoundContent={t('encryption.noneToEncrypt')}
          options={fields.map((each) => ({ value: each.field, label: `${each.object_label}: ${each.label}` }))}
          onChange={setChosen}
        />
      </div>
    </AskDialog>
  )
}
