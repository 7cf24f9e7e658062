// Retention rules in force, and what their next run would do.
import { useQuery } from '@tanstack/react-query'
import Tag from 'antd/es/tag'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { retentionRules, type RetentionRule } from '../api/privacy'
import { DataTable, type Column } from '../frame/DataTable'
import { useMay } from '../frame/session'

interface Row extends RetentionRule {
  name: string
}

export function RetentionRules() {
  const { t } = useTranslation()
  const mayLook = useMay('ViewSetup')
  const rules = useQuery({ queryKey: ['privacy', 'retention'], queryFn: retentionRules })
  const rows: Row[] = Object.entries(rules.data?.rules ?? {}).map(([name, rule]) => ({ name, ...rule }))
  const columns: Column<Row>[] = [
    {
      key: 'rule',
      title: t('privacy.rule'),
      cell: (row) => (
        <>
          {mayLook ? <Link to={`/admin/logic/retention_rule/${row.name}`}>{row.label}</Link> : row.label}
          <div className="muted small">{row.object_label}</div>
        </>
      ),
    },
    {
      key: 'due',
      title: t('privacy.due'),
      className: 'numeric tabular',
      cell: (row) => (
        <>
          {row.dry_run && <Tag>{t('privacy.dryRun')}</Tag>} {row.records}
        </>
      ),
    },
    {
      key: 'age',
      title: t('privacy.olderThan'),
      cell: (row) => t('privacy.age', { count: row.months, field: row.age_label }),
    },
    { key: 'action', title: t('privacy.action'), cell: (row) => t(`privacy.actions.${row.action}`) },
    { key: 'held', title: t('privacy.heldBack'), className: 'numeric tabular', cell: (row) => row.held },
  ]
  return (
    <div className="stack">
      <p className="muted">{t('privacy.retentionLead')}</p>
      <DataTable
        query={rules}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.name}
        empty={t('privacy.noRules')}
        hint={t('privacy.noRulesHint')}
        label={t('privacy.retention')}
      />
    </div>
  )
}
