// What a group takes from the rights that its sets grant on objects: a tick takes one away.
import { useQuery } from '@tanstack/react-query'
import Checkbox from 'antd/es/checkbox'
import { useTranslation } from 'react-i18next'
import { objects } from '../api/setup'
import type { ObjectRight } from '../api/types'
import { OBJECT_RIGHTS } from './permissions'
import { RightsMatrix } from './RightsMatrix'

type Rights = Record<string, ObjectRight[]>

interface MutedRightsProps {
  granted: Rights
  taken: Rights
  onChange: ((taken: Rights) => void) | null
}

export function MutedRights({ granted, taken, onChange }: MutedRightsProps) {
  const { t } = useTranslation()
  const all = useQuery({ queryKey: ['setup', 'objects'], queryFn: objects })
  const labels = new Map((all.data?.objects ?? []).map((object) => [object.name, object.label]))
  const rows = Object.keys(granted)
    .map((name) => ({ name, label: labels.get(name) ?? name }))
    .sort((one, other) => one.label.localeCompare(other.label))
  return (
    <RightsMatrix
      rows={rows}
      label={t('permission.mutedRights')}
      empty={t('permission.noObjects')}
      cell={(object, right) => {
        const muted = taken[object.name] ?? []
        return granted[object.name]?.includes(right) ? (
          <Checkbox
            checked={muted.includes(right)}
            disabled={onChange === null}
            aria-label={t('permission.muteOf', { object: object.label, right: t(`permission.rights.${right}`) })}
            onChange={(event) => {
              const next = event.target.checked ? [...muted, right] : muted.filter((each) => each !== right)
              onChange?.({ ...taken, [object.name]: OBJECT_RIGHTS.filter((each) => next.includes(each)) })
            }}
          />
        ) : (
          <span className="muted" aria-hidden>
            —
          </span>
        )
      }}
    />
  )
}
