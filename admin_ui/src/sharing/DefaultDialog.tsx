// Before an org-wide default changes: who will see more or less, and how many they are.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import { useTranslation } from 'react-i18next'
import {
  deleteSharingDefault,
  saveSharingDefault,
  sharingEffect,
  type DefaultDraft,
  type SharingDefault,
  type SharingEffect,
} from '../api/sharing'
import { AskDialog } from '../frame/AskDialog'
import { ErrorState, Lines } from '../frame/states'
import { useReady } from '../frame/useReady'
import { DEFAULTS, effectOf, SIDES } from './defaults'

interface DefaultDialogProps {
  object: SharingDefault
  draft: DefaultDraft | null
  onClose: () => void
}

export function DefaultDialog({ object, draft, onClose }: DefaultDialogProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ready = useReady()
  const effect = useQuery({ queryKey: [...DEFAULTS, object.name], queryFn: () => sharingEffect(object.name) })
  const after = draft ?? object.declared

  async function change() {
    await (draft === null ? deleteSharingDefault(object.name) : saveSharingDefault(object.name, draft))
    await client.invalidateQueries({ queryKey: DEFAULTS })
    await client.invalidateQueries({ queryKey: ['describe'] })
    ready(t('form.saved'))
    onClose()
  }

  return (
    <AskDialog
      title={t('sharing.changeTitle', { object: object.label })}
      okText={t('sharing.change')}
      isDanger
      width={560}
      isComplete={effect.data !== undefined}
      onAct={change}
      onClose={onClose}
    >
      {SIDES.map((side) => (
        <p key={side}>
          <strong>{t(`sharing.sides.${side}`)}</strong>: {t(`object.sharings.${object[side]}`)}
          {object[side] !== after[side] && ` → ${t(`object.sharings.${after[side]}`)}`}
        </p>
      ))}
      {effect.error ? (
        <ErrorState error={effect.error} onRetry={() => void effect.refetch()} />
      ) : effect.data === undefined ? (
        <Lines count={2} />
      ) : (
        <Warning effect={effect.data} after={after} />
      )}
    </AskDialog>
  )
}

function Warning({ effect, after }: { effect: SharingEffect; after: DefaultDraft }) {
  const { t } = useTranslation()
  const changes = SIDES.map((side) => ({ side, change: effectOf(effect[side], after[side]) }))
  const told = changes.flatMap(({ side, change }) =>
    change === 'same' ? [] : [t(`sharing.effects.${side}.${change}`, { count: effect.readers[side] })],
  )
  const isNarrower = changes.some(({ change }) => change === 'narrower')
  return (
    <Alert
      type="warning"
      showIcon
      title={told.length === 0 ? t('sharing.noEffect') : told.join(' ')}
      description={
        <>
          {isNarrower && t('sharing.rulesStay', { count: effect.sharing_rules })}
          {effect.restriction_rules > 0 && ` ${t('sharing.restrictionsStay', { count: effect.restriction_rules })}`}{' '}
          {t('sharing.atOnce')}
        </>
      }
    />
  )
}
