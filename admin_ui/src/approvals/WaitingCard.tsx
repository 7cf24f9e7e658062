// On the start page: how many approvals wait, and the way to them.
import { CheckSquareOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { usePendingCount } from './useApprovals'

export function WaitingCard() {
  const { t } = useTranslation()
  const count = usePendingCount()
  if (count === 0) return null
  return (
    <Link to="/approvals" className="waiting-card">
      <CheckSquareOutlined aria-hidden /> {t('approval.waitingForYou', { count })}
    </Link>
  )
}
