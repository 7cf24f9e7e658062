// Whom a record is shared with by hand: those named, and one more.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Modal from 'antd/es/modal'
import Segmented from 'antd/es/segmented'
import Tag from 'antd/es/tag'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addShare, recordShares, removeShare, type RecordShare, type ShareDraft } from '../api/sharing'
import { ActorPicker } from '../approvals/ActorPicker'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'
import { blankField } from '../records/fields/blankField'
import { DateInput } from '../records/fields/DateInput'
import { FieldRow } from '../records/fields/FieldRow'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'

interface ShareDialogProps {
  recordId: string
  name: string
  onClose: () => void
}

type Draft = Omit<ShareDraft, 'with'> & { with: string | null }

const BLANK: Draft = { with: null, access: 'Read', cause: 'Manual', team_role: null, reason: null, until: null }

export function ShareDialog({ recordId, name, onClose }: ShareDialogProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const errorText = useErrorText()
  const key = ['record', recordId, 'shares']
  const shares = useQuery({ queryKey: key, queryFn: () => recordShares(recordId) })
  const [refusal, setRefusal] = useState<string | null>(null)

  async function change(act: () => Promise<unknown>) {
    setRefusal(null)
    try {
      await act()
      await client.invalidateQueries({ queryKey: key })
      return true
    } catch (error) {
      setRefusal(errorText(error))
      return false
    }
  }

  return (
    <Modal open title={t('sharing.title', { name })} onCancel={onClose} footer={null} destroyOnHidden>
      <div className="draft-form">
        <p className="muted">{t('sharing.lead')}</p>
        {refusal !== null && <Alert type="error" showIcon role="alert" title={refusal} />}
        {shares.error ? (
          <ErrorState error={shares.error} onRetry={() => void shares.refetch()} />
        ) : shares.data === undefined ? (
          <Lines count={2} />
        ) : (
          <>
            <ShareList
              shares={shares.data.shares}
              onRemove={
                shares.data.may_share ? (share) => void change(() => removeShare(recordId, share.id)) : undefined
              }
            />
            {shares.data.may_share ? (
              <ShareForm onAdd={(draft) => change(() => addShare(recordId, draft))} />
            ) : (
              <p className="muted small">{t('sharing.mayNot')}</p>
            )}
          </>
        )}
      </div>
    </Modal>
  )
}

interface ShareListProps {
  shares: RecordShare[]
  onRemove?: (share: RecordShare) => void
}

function ShareList({ shares, onRemove }: ShareListProps) {
  const { t } = useTranslation()
  const reader = useReader()
  if (shares.length === 0) return <EmptyState title={t('sharing.none')} />
  return (
    <ul className="candidates" aria-label={t('sharing.sharedWith')}>
      {shares.map((share) => (
        <li key={share.id}>
          <div className="row">
            <strong>{tidyName(share.name ?? share.with)}</strong>
            <Tag>{t(`sharing.access.${share.access}`)}</Tag>
            {share.cause === 'Team' && <Tag color="blue">{share.team_role ?? t('sharing.team')}</Tag>}
            {share.expired && <Tag color="red">{t('sharing.expired')}</Tag>}
            {onRemove !== undefined && (
              <Button
                size="small"
                className="push-right"
                aria-label={t('sharing.removeFrom', { name: tidyName(share.name ?? share.with) })}
                onClick={() => onRemove(share)}
              >
                {t('sharing.remove')}
              </Button>
            )}
          </div>
          {(share.reason !== null || share.until !== null) && (
            <div className="muted small">
              {[
                share.reason,
                share.until && t('sharing.until', { time: formatDateTime(share.until, reader.language, reader.timeZone) }),
              ]
                .filter(Boolean)
                .join(' · ')}
            </div>
          )}
        </li>
      ))}
    </ul>
  )
}

function ShareForm({ onAdd }: { onAdd: (draft: ShareDraft) => Promise<boolean> }) {
  const { t } = useTranslation()
  const id = useId()
  const [draft, setDraft] = useState<Draft>(BLANK)
  const [isBusy, setBusy] = useState(false)
  const change = (part: Partial<Draft>) => setDraft((current) => ({ ...current, ...part }))
  const day = blankField('until', t('sharing.untilLabel'), 'date')

  async function add() {
    if (draft.with === null) return
    setBusy(true)
    // The end of the day that was chosen, where the reader is.
    const until = draft.until === null ? null : new Date(`${draft.until}T23:59:59`).toISOString()
    if (await onAdd({ ...draft, with: draft.with, until })) setDraft(BLANK)
    setBusy(false)
  }

  return (
    <>
      <ActorPicker label={t('sharing.with')} value={draft.with} onChange={(chosen) => change({ with: chosen })} />
      <div className="fields fields-2">
        <FieldRow id={`${id}-access`} label={t('sharing.accessLabel')}>
          <Segmented<ShareDraft['access']>
            id={`${id}-access`}
            value={draft.access}
            options={[
              { value: 'Read', label: t('sharing.access.Read') },
              { value: 'Edit', label: t('sharing.access.Edit') },
            ]}
            onChange={(access) => change({ access })}
          />
        </FieldRow>
        <FieldRow id={`${id}-until`} label={day.label}>
          <DateInput
            field={day}
            id={`${id}-until`}
            value={draft.until}
            values={{}}
            recordType={null}
            onChange={(value) => change({ until: value === null ? null : String(value) })}
          />
        </FieldRow>
        <FieldRow id={`${id}-role`} label={t('sharing.teamRole')}>
          <Input
            id={`${id}-role`}
            maxLength={80}
            value={draft.team_role ?? ''}
            onChange={(event) =>
              change({
                team_role: event.target.value === '' ? null : event.target.value,
                cause: event.target.value === '' ? 'Manual' : 'Team',
              })
            }
          />
        </FieldRow>
        <FieldRow id={`${id}-reason`} label={t('sharing.reason')}>
          <Input
            id={`${id}-reason`}
            maxLength={255}
            value={draft.reason ?? ''}
            onChange={(event) => change({ reason: event.target.value === '' ? null : event.target.value })}
          />
        </FieldRow>
      </div>
      <div className="row row-end">
        <Button type="primary" disabled={draft.with === null} loading={isBusy} onClick={() => void add()}>
          {t('sharing.share')}
        </Button>
      </div>
    </>
  )
}
