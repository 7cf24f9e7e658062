// Public groups, to which rules and shares give access, and queues, which own records.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Segmented from 'antd/es/segmented'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { createGroup, groups, type GroupSummary } from '../api/sharing'
import { DataTable, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { DraftDrawer } from '../setup/DraftDrawer'
import { LabelAndName } from '../setup/LabelAndName'
import { useDraft } from '../setup/useDraft'
import { GROUPS } from './groups'

const TYPES = ['Regular', 'Queue'] as const
type Type = (typeof TYPES)[number]

export function GroupsPage() {
  const { t } = useTranslation()
  const mayChange = useMay('ManageSharing')
  const [search, setSearch] = useSearchParams()
  const [isMaking, setMaking] = useState(false)
  const type: Type = search.get('type') === 'Queue' ? 'Queue' : 'Regular'
  const all = useQuery({ queryKey: GROUPS, queryFn: groups })
  const columns: Column<GroupSummary>[] = [
    {
      key: 'label',
      title: t('group.label'),
      cell: (group) => (
        <Link to={`/admin/groups/${group.id}`} className="record-link">
          {group.label}
        </Link>
      ),
    },
    { key: 'name', title: t('object.name'), className: 'mono', cell: (group) => group.name },
    { key: 'members', title: t('group.members'), className: 'numeric tabular', cell: (group) => group.members },
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('group.title')}
        eyebrow={t('group.lead')}
        actions={
          mayChange && (
            <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
              {t('group.new')}
            </Button>
          )
        }
      />
      <div className="toolbar">
        <Segmented<Type>
          aria-label={t('group.type')}
          value={type}
          options={TYPES.map((value) => ({ value, label: t(`group.types.${value}`) }))}
          onChange={(value) => setSearch({ type: value }, { replace: true })}
        />
      </div>
      <DataTable
        query={all}
        rows={(all.data?.groups ?? []).filter((group) => group.type === type)}
        columns={columns}
        rowKey={(group) => group.id}
        empty={type === 'Queue' ? t('group.noQueues') : t('group.none')}
        hint={type === 'Queue' ? undefined : t('group.noneHint')}
        label={t('group.title')}
      />
      {isMaking && <GroupForm onClose={() => setMaking(false)} />}
    </div>
  )
}

function GroupForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const draft = useDraft({ label: '', name: '' })
  return (
    <DraftDrawer
      title={t('group.new')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() =>
        void draft.submit(['label', 'name'], async () => {
          const { id } = await createGroup(draft.values)
          await client.invalidateQueries({ queryKey: GROUPS })
          void navigate(`/admin/groups/${id}`)
        })
      }
    >
      <LabelAndName
        id="group"
        label={t('group.label')}
        values={draft.values}
        set={draft.set}
        errorsOf={draft.errorsOf}
      />
    </DraftDrawer>
  )
}
