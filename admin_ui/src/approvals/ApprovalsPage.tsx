// What waits for my decision: mine, of my queues, of those who are away; decided one by one or many at once.
import { CheckSquareOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import Segmented from 'antd/es/segmented'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { Scope, Verdict } from '../api/approvals'
import { PageHeader } from '../frame/PageHeader'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { RevealRequests } from '../records/masks/RevealRequests'
import { decidable, type Decidable } from './decisions'
import { RequestItem } from './RequestItem'
import { usePendingRequests } from './useApprovals'

const DecisionDialog = lazy(async () => ({ default: (await import('./DecisionDialog')).DecisionDialog }))

const DelegatesDialog = lazy(async () => ({ default: (await import('./DelegatesDialog')).DelegatesDialog }))

const SCOPES: readonly Scope[] = ['all', 'mine', 'queues', 'delegated']

interface Asking {
  verdict: Verdict
  requests: Decidable[]
}

export function ApprovalsPage() {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const scope = SCOPES.find((each) => each === search.get('scope')) ?? 'all'
  const pending = usePendingRequests(scope)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [asking, setAsking] = useState<Asking | null>(null)
  const [isAway, setAway] = useState(false)
  const requests = pending.data?.requests ?? []
  const open = requests.filter((request) => request.may_decide)
  // What somebody else decided meanwhile is not selected any more.
  const chosen = open.filter((request) => selected.has(request.id))

  function select(ids: string[], isOn: boolean) {
    const others = [...selected].filter((id) => !ids.includes(id))
    setSelected(new Set(isOn ? [...others, ...ids] : others))
  }

  const decideChosen = (verdict: Verdict) => setAsking({ verdict, requests: chosen.map(decidable) })

  return (
    <div className="page">
      <PageHeader
        icon={<CheckSquareOutlined aria-hidden />}
        eyebrow={t('approval.lead')}
        title={t('approval.title')}
        actions={<Button onClick={() => setAway(true)}>{t('approval.delegates')}</Button>}
      />
      <div className="toolbar">
        <Segmented<Scope>
          aria-label={t('approval.scope')}
          value={scope}
          options={SCOPES.map((each) => ({ value: each, label: t(`approval.scopes.${each}`) }))}
          onChange={(next) => setSearch(next === 'all' ? {} : { scope: next }, { replace: true })}
        />
      </div>
      <RevealRequests />
      {pending.error ? (
        <ErrorState error={pending.error} onRetry={() => void pending.refetch()} />
      ) : pending.data === undefined ? (
        <Lines count={8} />
      ) : requests.length === 0 ? (
        <EmptyState title={t('approval.none')} hint={t('approval.noneHint')} />
      ) : (
        <>
          <div className="bulk-bar" role="group" aria-label={t('approval.bulk')}>
            <Checkbox
              checked={chosen.length > 0 && chosen.length === open.length}
              indeterminate={chosen.length > 0 && chosen.length < open.length}
              disabled={open.length === 0}
              onChange={(event) =>
                select(
                  open.map((request) => request.id),
                  event.target.checked,
                )
              }
            >
              {chosen.length > 0 ? t('list.selected', { count: chosen.length }) : t('approval.selectAll')}
            </Checkbox>
            {chosen.length > 0 && (
              <>
                <Button type="primary" onClick={() => decideChosen('approve')}>
                  {t('approval.approveChosen')}
                </Button>
                <Button danger onClick={() => decideChosen('reject')}>
                  {t('approval.rejectChosen')}
                </Button>
              </>
            )}
          </div>
          <ul className="requests" aria-label={t('approval.title')}>
            {requests.map((request) => (
              <RequestItem
                key={request.id}
                request={request}
                isSelected={selected.has(request.id)}
                onSelect={(isOn) => select([request.id], isOn)}
                onDecide={(verdict) => setAsking({ verdict, requests: [decidable(request)] })}
              />
            ))}
          </ul>
        </>
      )}
      <Suspense fallback={null}>
        {isAway && <DelegatesDialog onClose={() => setAway(false)} />}
        {asking !== null && (
          <DecisionDialog requests={asking.requests} verdict={asking.verdict} onClose={() => setAsking(null)} />
        )}
      </Suspense>
    </div>
  )
}
