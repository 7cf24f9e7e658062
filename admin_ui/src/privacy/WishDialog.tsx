// Why a person's data is handed over or erased, in answer to which request, in which language.
import Checkbox from 'antd/es/checkbox'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Wish } from '../api/privacy'
import { AskDialog } from '../frame/AskDialog'
import { FieldRow } from '../records/fields/FieldRow'

interface WishDialogProps {
  kind: 'export' | 'erasure'
  /** Other texts name the person. */
  hasMentions: boolean
  onAsk: (wish: Omit<Wish, 'subjects'>) => Promise<void>
  onClose: () => void
}

const LONGEST_REASON = 1_000
const LANGUAGES = [
  { value: 'zh_CN', label: '中文' },
  { value: 'en_US', label: 'English' },
]

export function WishDialog({ kind, hasMentions, onAsk, onClose }: WishDialogProps) {
  const { t, i18n } = useTranslation()
  const isErasure = kind === 'erasure'
  const [reason, setReason] = useState('')
  const [request, setRequest] = useState('')
  const [language, setLanguage] = useState(i18n.language)
  const [withMentions, setWithMentions] = useState(false)
  return (
    <AskDialog
      title={isErasure ? t('privacy.erase') : t('privacy.handOver')}
      okText={isErasure ? t('privacy.askErasure') : t('privacy.handOver')}
      isDanger={isErasure}
      isComplete={reason.trim() !== ''}
      onAct={() =>
        onAsk({
          reason: reason.trim(),
          request: request.trim() === '' ? null : request.trim(),
          ...(isErasure ? { with_mentions: withMentions } : { language }),
        })
      }
      onClose={onClose}
    >
      <p className="muted">{isErasure ? t('privacy.eraseText') : t('privacy.handOverText')}</p>
      <FieldRow id="wish-reason" label={t('privacy.reason')} required>
        <Input.TextArea
          id="wish-reason"
          className="grows"
          autoFocus
          rows={2}
          maxLength={LONGEST_REASON}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </FieldRow>
      {!isErasure && (
        <FieldRow id="wish-language" label={t('privacy.language')}>
          <Select id="wish-language" className="fill" value={language} options={LANGUAGES} onChange={setLanguage} />
        </FieldRow>
      )}
      {isErasure && hasMentions && (
        <Checkbox checked={withMentions} onChange={(event) => setWithMentions(event.target.checked)}>
          {t('privacy.withMentions')}
        </Checkbox>
      )}
      <FieldRow id="wish-request" label={t('privacy.request')} help={t('privacy.requestHelp')}>
        <Input
          id="wish-request"
          className="mono"
          value={request}
          onChange={(event) => setRequest(event.target.value)}
        />
      </FieldRow>
    </AskDialog>
  )
}
