// Who decides in my place while I am away: those named, each with its days, and one more.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Modal from 'antd/es/modal'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addDelegation, delegations, endDelegation } from '../api/approvals'
import { ErrorState, Lines } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'
import { blankField } from '../records/fields/blankField'
import { DateInput } from '../records/fields/DateInput'
import { FieldRow } from '../records/fields/FieldRow'
import { useReader } from '../records/fields/useReader'
import { formatDate } from '../records/format'
import { tidyName } from '../records/names'
import { ActorPicker } from './ActorPicker'

interface Draft {
  delegate: string | null
  from: string | null
  to: string | null
}

const BLANK: Draft = { delegate: null, from: null, to: null }
const KEY = ['approvals', 'delegates']

export function DelegatesDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const errorText = useErrorText()
  const reader = useReader()
  const named = useQuery({ queryKey: KEY, queryFn: delegations })
  const [draft, setDraft] = useState<Draft>(BLANK)
  const [refusal, setRefusal] = useState<string | null>(null)
  const { delegate, from, to } = draft

  async function change(act: () => Promise<unknown>) {
    setRefusal(null)
    try {
      await act()
      await client.invalidateQueries({ queryKey: KEY })
    } catch (error) {
      setRefusal(errorText(error))
    }
  }

  async function add() {
    if (delegate === null || from === null || to === null) return
    await addDelegation(delegate, from, to)
    setDraft(BLANK)
  }

  const day = (name: 'from' | 'to') => {
    const field = blankField(name, t(`approval.${name}`), 'date')
    return (
      <FieldRow id={`delegate-${name}`} label={field.label} required>
        <DateInput
          field={field}
          id={`delegate-${name}`}
          value={draft[name]}
          values={{}}
          recordType={null}
          onChange={(value) => setDraft((current) => ({ ...current, [name]: value === null ? null : String(value) }))}
        />
      </FieldRow>
    )
  }

  return (
    <Modal open title={t('approval.delegates')} onCancel={onClose} footer={null}>
      <div className="draft-form">
        <p>{t('approval.delegatesLead')}</p>
        {refusal !== null && <Alert type="error" showIcon role="alert" title={refusal} />}
        {named.error ? (
          <ErrorState error={named.error} onRetry={() => void named.refetch()} />
        ) : named.data === undefined ? (
          <Lines count={2} />
        ) : (
          <ul className="candidates" aria-label={t('approval.delegates')}>
            {named.data.delegates.map((each) => (
              <li key={each.id}>
                <div className="row">
                  <strong>{tidyName(each.delegate.name)}</strong>
                  <span className="tabular">
                    {formatDate(each.from, reader.language)} – {formatDate(each.to, reader.language)}
                  </span>
                  {each.process !== null && <span className="small">{each.process}</span>}
                  <Button
                    size="small"
                    className="push-right"
                    aria-label={t('approval.endDelegateOf', { name: tidyName(each.delegate.name) })}
                    onClick={() => void change(() => endDelegation(each.id))}
                  >
                    {t('approval.endDelegate')}
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        )}
        <ActorPicker
          label={t('approval.delegate')}
          objects={['User']}
          value={delegate}
          onChange={(id) => setDraft((current) => ({ ...current, delegate: id }))}
        />
        <div className="fields fields-2">
          {day('from')}
          {day('to')}
        </div>
        <div className="row row-end">
          <Button
            type="primary"
            disabled={delegate === null || from === null || to === null}
            onClick={() => void change(add)}
          >
            {t('approval.addDelegate')}
          </Button>
        </div>
      </div>
    </Modal>
  )
}
