// Sharing or restriction rules of all objects: whom they are for, which records, what they give.
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { recordRules, type RecordRule, type RuleKind } from '../api/sharing'
import { DataTable, type Column } from '../frame/DataTable'
import { useMay } from '../frame/session'
import { matching } from '../setup/logic/matching'
import { useRuleWords } from './useRuleWords'

export function RuleList({ kind }: { kind: RuleKind }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const mayChange = useMay('ManageSharing')
  const words = useRuleWords()
  const [q, setQ] = useState('')
  const all = useQuery({ queryKey: ['setup', 'logic', kind, 'bodies'], queryFn: () => recordRules(kind) })
  const isSharing = kind === 'sharing_rule'

  const columns: Column<RecordRule>[] = [
    {
      key: 'label',
      title: t('sharing.rule'),
      cell: (rule) => (
        <>
          <Link to={`/admin/logic/${kind}/${encodeURIComponent(rule.name)}`} className="record-link">
            {rule.label}
          </Link>{' '}
          {rule.custom && <Tag color="cyan">{t('setup.own')}</Tag>}
          {!rule.active && <Tag>{t('logic.off')}</Tag>}
          <div className="mono small">{rule.object}</div>
        </>
      ),
    },
    {
      key: 'audience',
      title: isSharing ? t('sharing.with') : t('sharing.appliesTo'),
      cell: (rule) => words.audience(rule.body.share_with ?? rule.body.applies_to ?? {}),
    },
    { key: 'records', title: t('sharing.which'), cell: (rule) => words.records(rule.body.records) },
  ]
  if (isSharing)
    columns.push({
      key: 'access',
      title: t('sharing.accessLabel'),
      cell: (rule) => t(`sharing.levels.${rule.body.access ?? 'read'}`),
    })

  return (
    <div className="stack">
      <p className="muted">{isSharing ? t('sharing.rulesLead') : t('sharing.restrictionsLead')}</p>
      <div className="toolbar">
        <Input
          className="setup-search"
          allowClear
          value={q}
          placeholder={t('logic.search')}
          aria-label={t('logic.search')}
          onChange={(event) => setQ(event.target.value)}
        />
        {mayChange && <Button onClick={() => void navigate(`/admin/logic/${kind}/new`)}>{t('sharing.newRule')}</Button>}
      </div>
      <DataTable
        query={all}
        rows={matching(all.data?.components ?? [], q)}
        columns={columns}
        rowKey={(rule) => rule.name}
        empty={q === '' ? t('sharing.noRules') : t('frame.nothingFound', { q })}
        label={isSharing ? t('sharing.rules') : t('sharing.restrictions')}
      />
    </div>
  )
}
