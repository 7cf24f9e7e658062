// The web application starts here.
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { Providers } from './frame/Providers'
import { router } from './frame/routes'
import './styles.css'

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no #root.')
createRoot(root).render(
  <Providers>
    <RouterProvider router={router} />
  </Providers>,
)
