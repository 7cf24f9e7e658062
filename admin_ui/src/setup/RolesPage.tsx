// The role hierarchy: a role sees what the roles below it own.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import TreeSelect from 'antd/es/tree-select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createRole, roles } from '../api/setup'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { useReady } from '../frame/useReady'
import { FieldRow } from '../records/fields/FieldRow'
import { DraftDrawer } from './DraftDrawer'
import { LabelAndName } from './LabelAndName'
import { roleTree, type RoleNode } from './roleTree'
import { useDraft } from './useDraft'

export function RolesPage() {
  const { t } = useTranslation()
  const mayChange = useMay('ManageUsers')
  const [parent, setParent] = useState<string | null | undefined>(undefined)
  const all = useQuery({ queryKey: ['setup', 'roles'], queryFn: roles })
  const tree = roleTree(all.data?.roles ?? [])
  return (
    <div className="page">
      <PageHeader
        title={t('setup.roles')}
        eyebrow={t('role.lead')}
        actions={
          mayChange && (
            <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setParent(null)}>
              {t('role.new')}
            </Button>
          )
        }
      />
      {all.error ? (
        <ErrorState error={all.error} onRetry={() => void all.refetch()} />
      ) : all.data === undefined ? (
        <Lines />
      ) : tree.length === 0 ? (
        <EmptyState title={t('role.none')} />
      ) : (
        <div className="card roles">
          <RoleBranch nodes={tree} onAdd={mayChange ? setParent : null} />
        </div>
      )}
      {parent !== undefined && <RoleForm tree={tree} parent={parent} onClose={() => setParent(undefined)} />}
    </div>
  )
}

function RoleBranch({ nodes, onAdd }: { nodes: RoleNode[]; onAdd: ((parent: string) => void) | null }) {
  const { t } = useTranslation()
  return (
    <ul className="role-branch">
      {nodes.map((node) => (
        <li key={node.key}>
          <div className="role">
            <span>{node.title}</span>
            <code className="muted small">{node.name}</code>
            {onAdd && (
              <Button
                type="text"
                size="small"
                icon={<PlusOutlined aria-hidden />}
                aria-label={t('role.below', { role: node.title })}
                onClick={() => onAdd(node.key)}
              />
            )}
          </div>
          {node.children.length > 0 && <RoleBranch nodes={node.children} onAdd={onAdd} />}
        </li>
      ))}
    </ul>
  )
}

function RoleForm({ tree, parent, onClose }: { tree: RoleNode[]; parent: string | null; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ready = useReady()
  const draft = useDraft({ label: '', name: '', parent_id: parent })
  const { values, set, errorsOf } = draft
  return (
    <DraftDrawer
      title={t('role.new')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() =>
        void draft.submit(['label', 'name'], async () => {
          await createRole(values)
          await client.invalidateQueries({ queryKey: ['setup', 'roles'] })
          ready(t('form.saved'))
          onClose()
        })
      }
    >
      <LabelAndName id="role" label={t('role.label')} values={values} set={set} errorsOf={errorsOf} />
      <FieldRow id="role-parent" label={t('role.parent')} errors={errorsOf('parent_id')}>
        <TreeSelect
          id="role-parent"
          className="fill"
          allowClear
          treeDefaultExpandAll
          value={values.parent_id ?? undefined}
          treeData={tree}
          onChange={(id: string | undefined) => set('parent_id', id ?? null)}
        />
      </FieldRow>
    </DraftDrawer>
  )
}
