// One request in the list: about which record, who asks since when, and the two answers.
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { PendingRequest, Verdict } from '../api/approvals'
import { useDescribe } from '../api/queries'
import { MetadataIcon } from '../frame/MetadataIcon'
import { useSession } from '../frame/session'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'
import { DueTime } from './DueTime'
import { ShownFields } from './ShownFields'

interface RequestItemProps {
  request: PendingRequest
  isSelected: boolean
  onSelect: (isOn: boolean) => void
  onDecide: (verdict: Verdict) => void
}

export function RequestItem({ request, isSelected, onSelect, onDecide }: RequestItemProps) {
  const { t } = useTranslation()
  const reader = useReader()
  const { user } = useSession()
  const describe = useDescribe(request.object)
  const name = tidyName(request.record.name ?? request.record.id)
  const submitted = formatDateTime(request.submitted, reader.language, reader.timeZone)

  return (
    <li className={isSelected ? 'request request-selected' : 'request'}>
      <Checkbox
        checked={isSelected}
        disabled={!request.may_decide}
        aria-label={t('approval.select', { name })}
        onChange={(event) => onSelect(event.target.checked)}
      />
      <div className="request-what">
        <div className="muted small">
          <MetadataIcon name={describe.data?.icon} /> {describe.data?.label ?? request.object} ·{' '}
          {request.process_label}
        </div>
        <Link className="record-link" to={`/r/${request.record.id}`}>
          {name}
        </Link>
        <ShownFields object={request.object} fields={request.record.fields} />
        {request.comments !== null && <p className="request-comment">{request.comments}</p>}
      </div>
      <div className="request-who small">
        <div>{request.step_label}</div>
        <div className="muted">
          {t('approval.submittedBy', { name: tidyName(request.submitted_by.name), date: submitted })}
        </div>
        {request.asked.id !== user.id && (
          <div className="muted">{t('approval.askedFor', { name: tidyName(request.asked.name) })}</div>
        )}
        <DueTime due={request.due} />
      </div>
      <div className="request-answers">
        {request.may_decide ? (
          <>
            <Button
              type="primary"
              aria-label={t('approval.approveName', { name })}
              onClick={() => onDecide('approve')}
            >
              {t('approval.approve')}
            </Button>
            <Button danger aria-label={t('approval.rejectName', { name })} onClick={() => onDecide('reject')}>
              {t('approval.reject')}
            </Button>
          </>
        ) : (
          <span className="muted small">{t('approval.own')}</span>
        )}
      </div>
    </li>
  )
}
