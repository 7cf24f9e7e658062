// The clocks of a record: state in words, until when, how much is left, each with a small bar.
import {
  CheckCircleOutlined,
  ClockCircleOutlined,
  PauseCircleOutlined,
  StopOutlined,
  WarningOutlined,
} from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { list } from '../api/endpoints'
import type { ListRequest, ObjectDescribe } from '../api/types'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import {
  inOrder,
  milestoneOf,
  MILESTONE_COLUMNS,
  minutesLeft,
  shownState,
  usedShare,
  type Milestone,
  type MilestoneState,
} from './milestones'
import { formatSpan } from './spans'
import { useNow } from './useNow'

/** The platform's own object that keeps clocks: an object without milestones has no such child. */
const KEPT_IN = 'RecordMilestone'
const MOST = 50
const FEW = 4

const ICONS: Record<MilestoneState, ReactNode> = {
  Running: <ClockCircleOutlined aria-hidden />,
  Paused: <PauseCircleOutlined aria-hidden />,
  Met: <CheckCircleOutlined aria-hidden />,
  Violated: <WarningOutlined aria-hidden />,
  Cancelled: <StopOutlined aria-hidden />,
}

export function Milestones({ recordId, describe }: { recordId: string; describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const now = useNow()
  const [showsAll, setShowsAll] = useState(false)
  const child = describe.children.find((each) => each.object === KEPT_IN)
  const clocks = useQuery({
    queryKey: ['record', recordId, 'milestones'],
    queryFn: () => list(KEPT_IN, requestFor(recordId, child?.field ?? '')),
    enabled: child !== undefined,
  })
  if (clocks.error)
    return (
      <section className="milestones" aria-label={t('milestone.title')}>
        <p role="alert">{t('milestone.failed', { reason: errorText(clocks.error) })}</p>
        <Button size="small" onClick={() => void clocks.refetch()}>
          {t('action.retry')}
        </Button>
      </section>
    )
  const all = inOrder((clocks.data?.records ?? []).map(milestoneOf))
  if (all.length === 0) return null
  const shown = showsAll ? all : all.slice(0, FEW)
  return (
    <section className="milestones" aria-label={t('milestone.title')}>
      <ul>
        {shown.map((each) => (
          <Clock key={each.id} milestone={each} now={now} />
        ))}
      </ul>
      {all.length > shown.length && (
        <Button type="link" size="small" onClick={() => setShowsAll(true)}>
          {t('milestone.more', { count: all.length - shown.length })}
        </Button>
      )}
    </section>
  )
}

function requestFor(recordId: string, field: string): ListRequest {
  return {
    columns: MILESTONE_COLUMNS,
    filters: [{ field, operator: '=', value: recordId }],
    logic: null,
    owner: 'everyone',
    order_by: [{ field: 'StartTime', descending: true }],
    search: null,
    limit: MOST,
    after: null,
  }
}

function Clock({ milestone, now }: { milestone: Milestone; now: number }) {
  const { t } = useTranslation()
  const reader = useReader()
  const state = shownState(milestone, now)
  const left = minutesLeft(milestone, now)
  const share = Math.round(usedShare(milestone, now) * 100)
  const date = (moment: string) => formatDateTime(moment, reader.language, reader.timeZone)

  function inWords(): string {
    const span = left === null ? '' : formatSpan(Math.abs(left), reader.language)
    if (state === 'Met') return milestone.end === null ? '' : t('milestone.metAt', { date: date(milestone.end) })
    if (state === 'Cancelled') return ''
    if (left === null) return ''
    if (state === 'Violated') return t(milestone.end === null ? 'milestone.late' : 'milestone.metLate', { span })
    return t('milestone.left', { span })
  }

  return (
    <li className={`milestone milestone-${state.toLowerCase()}`}>
      <div className="milestone-head">
        <Link to={`/r/${milestone.id}`}>{milestone.name}</Link>
        <span className="milestone-state">
          {ICONS[state]} {t(`milestone.states.${state}`)}
        </span>
      </div>
      <div
        className="milestone-bar"
        role="meter"
        aria-label={t('milestone.used', { name: milestone.name })}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share}
        aria-valuetext={`${t(`milestone.states.${state}`)} ${inWords()}`}
      >
        <span style={{ width: `${share}%` }} />
      </div>
      <div className="milestone-foot small">
        <span>{inWords()}</span>
        {milestone.due !== null && (
          <span className="muted tabular">{t('milestone.due', { date: date(milestone.due) })}</span>
        )}
      </div>
    </li>
  )
}
