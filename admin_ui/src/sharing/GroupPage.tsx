// One group: users, roles and other groups in it, whom they come to, and which rules name it.
import { DeleteOutlined, EditOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate, useParams } from 'react-router'
import {
  deleteGroup,
  groupDetail,
  removeMember,
  renameGroup,
  type GroupDetail,
  type GroupMember,
} from '../api/sharing'
import { AskDialog } from '../frame/AskDialog'
import { DataTable, LOADED, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { ErrorState, Lines } from '../frame/states'
import { useAsk } from '../frame/useAsk'
import { FieldRow } from '../records/fields/FieldRow'
import { tidyName } from '../records/names'
import { AddMember } from './AddMember'
import { GROUPS } from './groups'

export function GroupPage() {
  const { id = '' } = useParams()
  const found = useQuery({ queryKey: [...GROUPS, id], queryFn: () => groupDetail(id) })
  if (found.error) return <ErrorState error={found.error} onRetry={() => void found.refetch()} />
  if (found.data === undefined) return <Lines />
  return <Group key={id} group={found.data} />
}

function Group({ group }: { group: GroupDetail }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const ask = useAsk()
  const mayChange = useMay('ManageSharing')
  const [isRenaming, setRenaming] = useState(false)
  const refresh = () => client.invalidateQueries({ queryKey: GROUPS })

  const askDelete = () =>
    ask({
      title: t('group.deleteTitle', { name: group.label }),
      content: t('group.deleteText'),
      okText: t('action.delete'),
      act: async () => {
        await deleteGroup(group.id)
        void navigate('/admin/groups')
        client.removeQueries({ queryKey: [...GROUPS, group.id] })
        await client.invalidateQueries({ queryKey: GROUPS })
      },
    })

  const askRemove = (member: GroupMember) =>
    ask({
      title: t('group.removeTitle', { name: tidyName(member.label) }),
      content: t('group.removeText'),
      okText: t('group.remove'),
      act: () => removeMember(group.id, member.id),
      then: refresh,
    })

  const columns: Column<GroupMember>[] = [
    {
      key: 'label',
      title: t('group.member'),
      cell: (member) => (
        <>
          {member.kind === 'Group' ? (
            <Link to={`/admin/groups/${member.member}`}>{member.label}</Link>
          ) : (
            tidyName(member.label)
          )}
          <div className="mono small">{member.name}</div>
        </>
      ),
    },
    {
      key: 'kind',
      title: t('group.kind'),
      cell: (member) => <Tag>{member.with_below ? t('group.kinds.RoleAndBelow') : t(`group.kinds.${member.kind}`)}</Tag>,
    },
    useActionsColumn(
      (member) =>
        mayChange && (
          <Button
            size="small"
            aria-label={t('group.removeOf', { name: tidyName(member.label) })}
            onClick={() => askRemove(member)}
          >
            {t('group.remove')}
          </Button>
        ),
    ),
  ]

  return (
    <div className="page">
      <PageHeader
        eyebrow={<Link to={`/admin/groups?type=${group.type}`}>{t(`group.types.${group.type}`)}</Link>}
        title={group.label}
        actions={
          mayChange && (
            <>
              <Button icon={<EditOutlined aria-hidden />} onClick={() => setRenaming(true)}>
                {t('group.rename')}
              </Button>
              {group.type === 'Regular' && (
                <Button danger icon={<DeleteOutlined aria-hidden />} onClick={askDelete}>
                  {t('action.delete')}
                </Button>
              )}
            </>
          )
        }
      >
        <p className="muted">
          <code>{group.name}</code> · {t('group.users', { count: group.users })}
        </p>
      </PageHeader>
      {mayChange && <AddMember group={group} onAdded={refresh} />}
      <DataTable
        query={LOADED}
        rows={group.members}
        columns={columns}
        rowKey={(member) => member.id}
        empty={t('group.noMembers')}
        hint={t('group.noMembersHint')}
        label={t('group.members')}
      />
      {group.rules.length > 0 && (
        <section className="stack" aria-labelledby="group-rules">
          <h2 id="group-rules">{t('group.rules')}</h2>
          <ul className="plain-list">
            {group.rules.map((rule) => (
              <li key={`${rule.kind} ${rule.name}`}>
                <Link to={`/admin/logic/${rule.kind}/${encodeURIComponent(rule.name)}`} className="mono">
                  {rule.name}
                </Link>{' '}
                <span className="muted small">{t(`logic.kinds.${rule.kind}`)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {isRenaming && <RenameDialog group={group} onDone={refresh} onClose={() => setRenaming(false)} />}
    </div>
  )
}

interface RenameDialogProps {
  group: GroupDetail
  onDone: () => Promise<void>
  onClose: () => void
}

function RenameDialog({ group, onDone, onClose }: RenameDialogProps) {
  const { t } = useTranslation()
  const [label, setLabel] = useState(group.label)
  return (
    <AskDialog
      title={t('group.rename')}
      okText={t('action.save')}
      isComplete={label.trim() !== ''}
      onAct={async () => {
        await renameGroup(group.id, label.trim())
        await onDone()
        onClose()
      }}
      onClose={onClose}
    >
      <FieldRow id="group-label" label={t('group.label')} required>
        <Input
          id="group-label"
          autoFocus
          maxLength={80}
          value={label}
          onChange={(event) => setLabel(event.target.value)}
        />
      </FieldRow>
    </AskDialog>
  )
}
