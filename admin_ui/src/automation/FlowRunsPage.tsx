// All runs of flows, the newest first, narrowed to those that failed where somebody wants that.
import Segmented from 'antd/es/segmented'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import type { Filter } from '../api/types'
import { PageHeader } from '../frame/PageHeader'
import { FlowRunTable } from './FlowRunTable'

type Shown = 'all' | 'failed'
const FAILED: Filter[] = [{ field: 'Status', operator: 'IN', value: ['Failed', 'Retrying', 'Refused'] }]

export function FlowRunsPage() {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const shown: Shown = search.get('show') === 'failed' ? 'failed' : 'all'
  return (
    <div className="page">
      <PageHeader title={t('setup.flowRuns')} />
      <div className="toolbar">
        <Segmented<Shown>
          aria-label={t('flow.status')}
          value={shown}
          options={[
            { value: 'all', label: t('flow.allRuns') },
            { value: 'failed', label: t('flow.failedRuns') },
          ]}
          onChange={(next) => setSearch(next === 'all' ? {} : { show: next }, { replace: true })}
        />
      </div>
      <FlowRunTable
        key={shown}
        queryKey={['setup', 'flow-runs', shown]}
        filters={shown === 'failed' ? FAILED : []}
        empty={t('flow.noRuns')}
        hint={shown === 'failed' ? t('flow.noFailedHint') : undefined}
      />
    </div>
  )
}
