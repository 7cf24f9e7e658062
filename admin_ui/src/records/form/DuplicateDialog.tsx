// Records like the one that is to be saved: open one of them, go back, or save all the same where that is allowed.
import { ExportOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Modal from 'antd/es/modal'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useDescribe } from '../../api/queries'
import type { DuplicateResult, FieldJson } from '../../api/types'
import { MetadataIcon } from '../../frame/MetadataIcon'
import { FieldValue } from '../fields/FieldValue'
import { formatNumber } from '../format'
import { useReader } from '../fields/useReader'
import { tidyName } from '../names'
import { candidatesOf, maySaveAnyway, type Candidate } from './duplicates'

interface DuplicateDialogProps {
  results: DuplicateResult[]
  isSaving: boolean
  onSave: () => void
  onClose: () => void
}

export function DuplicateDialog({ results, isSaving, onSave, onClose }: DuplicateDialogProps) {
  const { t } = useTranslation()
  const candidates = candidatesOf(results)
  const isHiding = results.some((result) => result.hasHiddenMatches)
  const messages = [...new Set(results.map((result) => result.errorMessage))]
  return (
    <Modal
      open
      title={t('duplicate.title')}
      width={640}
      onCancel={onClose}
      footer={
        <div className="row row-end">
          {maySaveAnyway(results) && (
            <Button onClick={onSave} loading={isSaving}>
              {t('duplicate.saveAnyway')}
            </Button>
          )}
          <Button type="primary" onClick={onClose}>
            {t('conflict.back')}
          </Button>
        </div>
      }
    >
      <div className="stack">
        {messages.map((message) => (
          <p key={message}>{message}</p>
        ))}
        <ul className="candidates" aria-label={t('duplicate.candidates')}>
          {candidates.map((candidate) => (
            <CandidateItem key={candidate.id} candidate={candidate} />
          ))}
        </ul>
        {isHiding && <p className="muted small">{t('duplicate.hidden')}</p>}
        {!maySaveAnyway(results) && <p className="muted small">{t('duplicate.blocked')}</p>}
      </div>
    </Modal>
  )
}

interface CandidateItemProps {
  candidate: Candidate
  /** What stands before the record, by its name. */
  mark?: (name: string) => ReactNode
}

export function CandidateItem({ candidate, mark }: CandidateItemProps) {
  const { t } = useTranslation()
  const reader = useReader()
  const describe = useDescribe(candidate.object)
  const { values } = candidate
  const nameField = describe.data?.name_field ?? 'Name'
  const shown = (describe.data?.compact_fields ?? []).flatMap((name) => {
    const field = describe.data?.fields[name]
    const isTold = field !== undefined && name !== nameField && field.references.length === 0 && values[name] != null
    return isTold ? [field] : []
  })
  const name = tidyName(String(values[nameField] ?? candidate.id))
  return (
    <li>
      <div className="row">
        {mark?.(name)}
        <MetadataIcon name={describe.data?.icon} />
        {/* In a window of its own: what is typed in the form stays. */}
        <a className="record-link" href={`/r/${candidate.id}`} target="_blank" rel="noreferrer">
          {name} <ExportOutlined aria-label={t('duplicate.newWindow')} />
        </a>
        <span className="muted small">{describe.data?.label}</span>
        {candidate.confidence < 100 && (
          <span className="muted small push-right">
            {t('duplicate.alike', { percent: formatNumber(candidate.confidence, reader.language, 0) })}
          </span>
        )}
      </div>
      {shown.length > 0 && (
        <dl className="compact-fields">
          {shown.map((field) => (
            <div key={field.name}>
              <dt>{field.label}</dt>
              <dd>
                <FieldValue field={field} value={values[field.name] as FieldJson} mayCall={false} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  )
}
