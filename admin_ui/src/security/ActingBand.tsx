// Somebody works here in another's name: said on every screen, with the way out.
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { signOut } from '../api/endpoints'
import { useSession } from '../frame/session'
import { tidyName } from '../records/names'

export function ActingBand() {
  const { t } = useTranslation()
  const { acting, user } = useSession()
  if (acting === null) return null
  return (
    <div className="acting-band" role="status">
      <span>{t('security.acting', { acting: tidyName(acting.name), user: tidyName(user.name) })}</span>
      <Button size="small" onClick={() => void signOut()}>
        {t('security.stopActing')}
      </Button>
    </div>
  )
}
